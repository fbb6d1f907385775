"""Takes a delivery in (`deliver`) and out again (`withdraw`), complete or not at all.

A delivery exists when data/deliveries.yaml names it. That line is written last when it comes and removed first when
it goes, so a crash leaves at most what the list does not name: staging below data/.state, which the next delivery
clears, or a `data/raw/NAME` that the next delivery of the same content takes up and `withdraw NAME` removes.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows import dvc_file, listing, lock
from flows.dvc_file import RAW
from tasks.deliver import names, raw
from tasks.deliver.intake import Intake, take_in
from tasks.params import FILE as PARAMS
from tasks.params import Classes, load

STATE = Path("data/.state")
STAGING = "deliver-"

_one_at_a_time = threading.RLock()
"""The project's lock counts for the whole process, so threads of one flow need this."""


@dataclass(frozen=True)
class Delivered:
    """A delivery that is listed; `new` is False where its content was there before. As text: for a person."""

    name: str
    new: bool
    pictures: int
    classes: dict[str, int]
    litter: int

    def __str__(self) -> str:
        if not self.new:
            return f"nothing to do: the same {self.pictures} pictures are here already, as {self.name!r}"
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


def deliver(root: Path, path: Path, name: str | None = None) -> Delivered:
    """Put what `path` holds under `data/raw/NAME`, versioned by DVC and listed; waits for the project's lock.

    `name` is made of the path's last part where it is None. Content that a listed delivery has already, under
    whatever name, changes nothing. Raises ValueError or OSError, and then the project is as it was.
    """
    listing.names(root)
    name = names.default(path) if name is None else name
    names.check(name)
    with lock.held(root, f"deliver {path}"), _one_at_a_time, _staging(root) as staging:
        taken = take_in(path, staging, load(Classes, root / PARAMS))
        known = next((other for other in listing.names(root) if dvc_file.digest(root, other) == taken.digest), None)
        if known is None:
            _check_free(root, name, taken.digest)
            _keep(root, name, taken)
        return Delivered(known or name, known is None, taken.pictures, taken.classes, taken.litter)


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
    """A folder on the data's file system that goes when the block ends; those of dead processes go too."""
    state = root / STATE
    for stale in state.glob(f"{STAGING}*"):
        if not _is_alive(stale.name.removeprefix(STAGING).split("-")[0]):
            shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{STAGING}{os.getpid()}-", dir=state) as folder:
        yield Path(folder)


def _is_alive(pid: str) -> bool:
    return pid.isdigit() and Path("/proc", pid).exists()


def _check_free(root: Path, name: str, digest: str) -> None:
    if name in listing.names(root):
        raise ValueError(f"the name {name!r} is taken by a delivery with other content, give another with --name")
    folder = root / RAW / name
    there = raw.digest(folder) if folder.is_dir() else dvc_file.digest(root, name)
    if there != digest and (os.path.lexists(folder) or dvc_file.place(root, name).exists()):
        raise ValueError(
            f"{RAW / name} is there with other content, though {listing.FILE} does not name it: "
            f"give another name with --name, or remove it with `python -m flows withdraw {name}`"
        )


def _keep(root: Path, name: str, taken: Intake) -> None:
    """Put the staged folder in its place, with its .dvc file and its line in the list; on an error undo all of it."""
    folder, ignored = root / RAW / name, root / RAW / ".gitignore"
    before = {file: file.read_bytes() if file.exists() else None for file in (dvc_file.place(root, name), ignored)}
    is_new = not folder.exists()
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        if is_new:
            taken.folder.rename(folder)
        dvc_file.add(root, name)
        dvc_file.note(root, name, taken)
        listing.append(root, name)
    except BaseException:
        # An interrupt can come between the line in the list and the end of the call.
        if name not in listing.names(root):
            _undo(before, folder if is_new else None, taken.folder.with_name("undone"))
        raise


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
