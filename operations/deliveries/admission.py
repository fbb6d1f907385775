"""Lists what waits (`operations.deliveries.waiting`), so that it is part of the next run.

Stages read data/deliveries.yaml and DVC's files while a run works, so this needs the project's lock. Whoever takes that
to run something does it first: `pipeline`, `retrain`, `make repro`; and `add` and `watch` where it is free.

`dvc add` takes seconds, and a landing must not wait for all of them: deliveries are listed one at a time, and the
landing's lock is held only while one is moved. While DVC reads it, its content lies in data/raw and its facts still in
data/waiting, so a landing knows it, and `remove` waits for the project's lock.

A killed one is finished by the next: what waits is cleared away after its line is in the list.
"""

import re
from collections.abc import Callable
from pathlib import Path

from operations.deliveries import staging, waiting
from operations.process import lock
from operations.project import dvc_file, dvc_lock, listing, records
from operations.project.dvc_file import RAW
from tasks.delivery import raw
from tasks.delivery.intake import Intake

COMMAND = "admission"
HALF_WRITTEN = re.compile(r"\..+\.\d+")
"""How files are named until they are whole; the number is the process."""


def admit(root: Path, between: Callable[[], object] = lambda: None) -> list[str]:
    """List what waits, in the order in which it came; the names. Hold the project's lock, and not the landing's.

    Raises the first ValueError or OSError once all have been tried; what could not be listed goes on waiting.
    """
    before = waiting.names(root)
    failed = tried(root, between)
    for error in failed.values():
        raise error
    return before


def admit_if_free(root: Path, command: str, between: Callable[[], object] = lambda: None) -> list[str]:
    """The same where nobody holds the project's lock; else nothing. `between` is called after each delivery."""
    with lock.attempted(root, command) as free:
        return admit(root, between) if free else []


def tried(root: Path, between: Callable[[], object] = lambda: None) -> dict[str, Exception]:
    """As `admit`; what could not be listed, with the reason."""
    failed: dict[str, Exception] = {}
    if waiting.names(root):
        clear_half_written(root)
    while name := next((name for name in waiting.names(root) if name not in failed), None):
        try:
            _list(root, name)
        except (ValueError, OSError) as error:
            failed[name] = error
        between()
    return failed


def clear_half_written(root: Path) -> None:
    """Remove the files that killed processes had not finished. Hold the project's lock: nobody else writes any then."""
    lists = [file for path in listing.KEYS for file in (root / path.parent).glob(f".{path.name}.*")]
    found = (*(root / RAW).glob(".*.dvc.*"), *lists, *(root / records.FOLDER).glob(".*.yaml.*"))
    for file in found:
        if HALF_WRITTEN.fullmatch(file.name):
            file.unlink()


def _list(root: Path, name: str) -> None:
    with waiting.changing(root, COMMAND):
        if name not in waiting.names(root):
            return  # removed meanwhile
        taken, listed = waiting.read(root, name), name in listing.everything(root)
        file = listing.EXTERNAL if waiting.is_external(root, name) else listing.FILE
        moved = not listed and _move(root, name, taken)
    if not listed:
        _keep(root, name, taken, moved, file)
    elif dvc_file.digest(root, name) != taken.digest:
        raise ValueError(
            f"{name!r} waits for the next run, and {file} names other content so by now: "
            f"`hemaflow remove {name}` takes out what waits, which can be added again"
        )
    with waiting.changing(root, COMMAND), staging.opened(root) as scratch:
        waiting.place(root, name).rename(scratch / name)


def _move(root: Path, name: str, taken: Intake) -> bool:
    """Move the content to its place; False where it is there already, as a killed delivery leaves it.

    Raises ValueError where other content is there.
    """
    folder = root / RAW / name
    if not taken.folder.is_dir() or not _may_be_moved(folder, taken.digest):
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    taken.folder.rename(folder)
    return True


def _keep(root: Path, name: str, taken: Intake, moved: bool, file: Path) -> None:
    """Have DVC version the content in its place, with its record and its line in the list; on an error undo it all."""
    made = (dvc_file.place(root, name), root / RAW / ".gitignore", records.place(root, name))
    before = {file: file.read_bytes() if file.exists() else None for file in made}
    try:
        # What a killed `dvc add` left behind would stop this one.
        dvc_lock.drop_dead_locks(root)
        dvc_file.add(root, name)
        dvc_file.note(root, name, taken)
        records.write(root, name, taken.record)
        listing.append(root, name, file)
    except BaseException:
        # An interrupt can come between the line in the list and the end of the call.
        if name not in listing.everything(root):
            _undo(before, root / RAW / name if moved else None, taken.folder)
        raise


def _may_be_moved(folder: Path, digest: str) -> bool:
    """False where the same content is there already, as a killed delivery leaves it. Raises ValueError for other."""
    if not folder.exists():
        return True
    if raw.digest(folder) != digest:
        raise ValueError(f"{folder} is there with other content, though {listing.FILE} does not name it: move it away")
    return False


def _undo(before: dict[Path, bytes | None], folder: Path | None, back: Path) -> None:
    for file, content in before.items():
        if content is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(content)
    if folder and folder.exists():
        folder.rename(back)
    for parent in {file.parent for file in before}:
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
