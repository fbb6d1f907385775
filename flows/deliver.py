"""Takes a delivery in (`deliver`) and out again (`withdraw`), complete or not at all.

A delivery exists when data/deliveries.yaml names it. That line is written last when it comes and removed first when
it goes, so a crash leaves at most what the list does not name: staging below data/.state and half written files, which
the next delivery clears, or a `data/raw/NAME` that the next delivery of the same content takes up and `withdraw NAME`
removes.
"""

import errno
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from flows import dvc_file, listing, lock, runner
from flows.dvc_file import RAW
from tasks.deliver import names, raw
from tasks.deliver.intake import Intake, take_in
from tasks.params import FILE as PARAMS
from tasks.params import Classes, load

STATE = Path("data/.state")
STAGING = "deliver-"
HALF_WRITTEN = re.compile(r"\..+\.\d+")
"""How files are named until they are whole; the number is the process."""

NO_FAULT_OF_THE_CONTENT = {
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "ENOMEM", "EMFILE", "ENFILE", "ESTALE")
}

_one_at_a_time = threading.RLock()
"""The project's lock counts for the whole process, so threads of one flow need this."""


class RefusedError(ValueError):
    """What is handed in is at fault. Whatever else is raised says nothing about it, and may pass."""


@dataclass(frozen=True)
class Delivered:
    """A delivery that is listed; `new` is False where its content was there before. As text: for a person."""

    name: str
    new: bool
    pictures: int
    classes: dict[str, int]
    litter: int
    held: bool = False

    def __str__(self) -> str:
        if not self.new:
            held = f", which is on hold: `python -m flows release {self.name}`" if self.held else ""
            return f"nothing to do: the same {self.pictures} pictures are here already, as {self.name!r}{held}"
        counts = ", ".join(f"{label or 'in no class'} {count}" for label, count in self.classes.items())
        litter = f"; left out {self.litter} files of litter beside the class folders" if self.litter else ""
        files = f"{RAW / self.name}.dvc {RAW}/.gitignore {listing.FILE}"
        return (
            f"delivered {self.name!r}: {self.pictures} pictures ({counts}){litter}\nnext: git add {files}; make repro"
        )


@dataclass(frozen=True)
class Withdrawn:
    """A delivery that was taken out: the paths that went, and the deliveries that are left. As text: for a person."""

    name: str
    removed: list[str]
    left: list[str]

    def __str__(self) -> str:
        then = "make repro" if self.left else "deliver something, for no delivery is left to run the pipeline on"
        removed = ", ".join(self.removed) or "nothing but its line in the list"
        return f"withdrew {self.name!r}: removed {removed}\nnext: git add -A data; {then}"


def deliver(
    root: Path,
    path: Path,
    name: str | None = None,
    numbered: bool = False,
    before_listing: Callable[[Delivered], object] = lambda _: None,
) -> Delivered:
    """Put what `path` holds under `data/raw/NAME`, versioned by DVC and listed; waits for the project's lock.

    `name` is made of the path's last part where it is None. Where other content has it, that is an error, or with
    `numbered` NAME-2, NAME-3, ... is taken. Content that a listed delivery has already, under whatever name, changes
    nothing. `before_listing` is called when all but the line in the list is there; what it raises undoes the rest.

    Raises ValueError (RefusedError for what lies in the path and its name) or OSError, and then the project is as it
    was.
    """
    listing.names(root)
    name = names.default(path) if name is None else name
    names.check(name)
    with lock.held(root, f"deliver {path}"), _one_at_a_time, _staging(root) as staging:
        taken = _taken_in(path, staging, load(Classes, root / PARAMS))
        known = next((other for other in listing.names(root) if dvc_file.digest(root, other) == taken.digest), None)
        if known is None:
            name = _free(root, name, taken.digest) if numbered else name
            _check_free(root, name, taken.digest)
        held = known in listing.held(root)
        delivered = Delivered(known or name, known is None, taken.pictures, taken.classes, taken.litter, held)
        if delivered.new:
            _keep(root, name, taken, lambda: before_listing(delivered))
        return delivered


def withdraw(root: Path, name: str) -> Withdrawn:
    """Take a delivery off the list and remove all that was made of it alone; waits for the project's lock.

    Finishes what an interrupted call began. Raises ValueError for a name that is not listed and has left nothing.
    """
    listing.names(root)
    names.check(name)
    with lock.held(root, f"withdraw {name}"), _one_at_a_time, _staging(root) as staging:
        listed, traces = listing.names(root), _traces(root, name)
        if name in listed:
            listing.remove(root, name)
        elif not traces:
            raise ValueError(f"no delivery {name!r}, expected one of {', '.join(listed) or 'none'} ({listing.FILE})")
        for trace in traces:
            dvc_file.unignore(trace)
            trace.rename(staging / f"{trace.parent.name}-{trace.name}")
        return Withdrawn(name, [str(trace.relative_to(root)) for trace in traces], listing.names(root))


@contextmanager
def _staging(root: Path) -> Iterator[Path]:
    """A folder on the data's file system that goes when the block ends; what dead processes left behind goes first.

    Theirs is all that is there, since nobody else holds the project's lock.
    """
    state = root / STATE
    for stale in state.glob(f"{STAGING}*"):
        shutil.rmtree(stale, ignore_errors=True)
    for file in (*(root / RAW).glob(".*.dvc.*"), *(root / listing.FILE).parent.glob(f".{listing.FILE.name}.*")):
        if HALF_WRITTEN.fullmatch(file.name):
            file.unlink()
    with tempfile.TemporaryDirectory(prefix=STAGING, dir=state) as folder:
        yield Path(folder)


def _taken_in(path: Path, staging: Path, classes: Classes) -> Intake:
    try:
        return take_in(path, staging, classes)
    except MemoryError:
        raise
    except (ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno in NO_FAULT_OF_THE_CONTENT:
            raise
        raise RefusedError(str(error)) from error
    except Exception as error:  # a damaged file may make a library fail in any way
        raise RefusedError(f"{path}: {type(error).__name__}: {error}") from error


def _free(root: Path, name: str, digest: str) -> str:
    """The name, else the first NAME-2, NAME-3, ... that no other content has."""
    listed = listing.names(root)
    endings = chain([""], (f"-{number}" for number in count(2)))
    candidates = (name[: names.LENGTH - len(ending)] + ending for ending in endings)
    return next(each for each in candidates if each not in listed and _may_take_up(root, each, digest))


def _check_free(root: Path, name: str, digest: str) -> None:
    if name in listing.names(root):
        raise ValueError(f"the name {name!r} is taken by a delivery with other content, give another with --name")
    if not _may_take_up(root, name, digest):
        raise ValueError(
            f"{RAW / name} is there with other content, though {listing.FILE} does not name it: "
            f"give another name with --name, or remove it with `python -m flows withdraw {name}`"
        )


def _may_take_up(root: Path, name: str, digest: str) -> bool:
    """Whether nothing lies under an unlisted name, or the same content, as a killed delivery leaves it."""
    folder = root / RAW / name
    there = raw.digest(folder) if folder.is_dir() else dvc_file.digest(root, name)
    return there == digest or not (os.path.lexists(folder) or dvc_file.place(root, name).exists())


def _keep(root: Path, name: str, taken: Intake, before_listing: Callable[[], object]) -> None:
    """Put the staged folder in its place, with its .dvc file and its line in the list; on an error undo all of it."""
    folder, ignored = root / RAW / name, root / RAW / ".gitignore"
    before = {file: file.read_bytes() if file.exists() else None for file in (dvc_file.place(root, name), ignored)}
    is_new = not folder.exists()
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        if is_new:
            taken.folder.rename(folder)
        # What a killed `dvc add` left behind would stop this one.
        runner.drop_dead_locks(root)
        dvc_file.add(root, name)
        _note(root, name, taken)
        before_listing()
        listing.append(root, name)
    except BaseException:
        # An interrupt can come between the line in the list and the end of the call.
        if name not in listing.names(root):
            _undo(before, folder if is_new else None, taken.folder.with_name("undone"))
        raise


def _note(root: Path, name: str, taken: Intake) -> None:
    try:
        dvc_file.note(root, name, taken)
    except ValueError as error:  # DVC leaves out files of certain names
        raise RefusedError(str(error)) from error


def _undo(before: dict[Path, bytes | None], folder: Path | None, away: Path) -> None:
    for file, content in before.items():
        if content is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(content)
    if folder and folder.exists():
        folder.rename(away)
    for parent in {file.parent for file in before}:
        if not any(parent.iterdir()):
            parent.rmdir()


def _traces(root: Path, name: str) -> list[Path]:
    folders = (root / "data" / state / name for state in ("raw", "ingested", "embedded"))
    traces = (dvc_file.place(root, name), *folders, root / "data/truth" / f"{name}.csv")
    return [path for path in traces if os.path.lexists(path)]
