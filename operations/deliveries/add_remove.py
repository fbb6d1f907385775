"""Adds a delivery (`add`) and removes it again (`remove`), complete or not at all.

What is handed in is checked and accepted (`accept`), and waits then; it exists for the stages once data/deliveries.yaml
names it. That line is written last when it comes and removed first when it goes, so a crash leaves at most what waits,
which is listed next time, and what the list does not name: staging below data/.state and half written files, which the
next delivery clears, or a `data/raw/NAME` that `remove NAME` removes.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from operations.deliveries import acquired, admission, external, holds, staging, waiting
from operations.deliveries.asked import NOTHING, Asked, naming
from operations.process import lock
from operations.project import dvc_file, listing, records
from operations.project.dvc_file import RAW
from tasks.delivery import names, raw, record
from tasks.delivery.intake import Intake, take_in
from tasks.params import FILE as PARAMS
from tasks.params import Classes, load

NO_FAULT_OF_THE_CONTENT = {
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "ENOMEM", "EMFILE", "ENFILE", "ESTALE")
}


class RefusedError(ValueError):
    """What is handed in is at fault. Whatever else is raised says nothing about it, and may pass."""


@dataclass(frozen=True)
class Added:
    """A delivery that was accepted; `new` is False where its content was there before. As text: for a person.

    One that is `waiting` is not listed yet: it joins the next run.
    """

    name: str
    new: bool
    images: int
    classes: dict[str, int]
    litter: int
    waiting: bool = False
    held: bool = False
    external: bool = False
    told: tuple[str, ...] = ()
    """what is to be known of how it will be read, a line each"""

    def __str__(self) -> str:
        if not self.new:
            more = f", which is on hold: `{holds.command(self.name)}` takes it back" if self.held else ""
            more = ", which joins the next run" if self.waiting else more
            return f"nothing to do: the same {self.images} images are here already, as {self.name!r}{more}"
        counts = ", ".join(f"{label or 'in no class'} {count}" for label, count in self.classes.items())
        litter = f"; left out {self.litter} files of the system" if self.litter else ""
        kind = ", external" if self.external else ""
        what = "\n".join([f"{self.name!r}{kind}: {self.images} images ({counts}){litter}", *self.told])
        if self.waiting:
            return f"accepted {what}\na run is at work, and the next one takes it along"
        listed = listing.EXTERNAL if self.external else listing.FILE
        files = f"{RAW / self.name}.dvc {RAW}/.gitignore {listed} {records.place(Path(), self.name)}"
        return f"added {what}\nnext: git add {files}; make repro"


@dataclass(frozen=True)
class Removed:
    """A delivery that was taken out: the paths that went, and the deliveries that are left. As text: for a person."""

    name: str
    removed: list[str]
    left: list[str]
    waited: bool = False

    def __str__(self) -> str:
        if self.waited:
            return f"removed {self.name!r}, which waited for the next run: deleted {', '.join(self.removed)}"
        then = "make repro" if self.left else "add a delivery, for none is left to run the pipeline on"
        removed = ", ".join(self.removed) or "nothing but its line in the list"
        return f"removed {self.name!r}: deleted {removed}\nnext: git add -A data; {then}"


def add(
    root: Path,
    path: Path,
    name: str | None = None,
    numbered: bool = False,
    before_accepting: Callable[[Added], object] = lambda _: None,
    asked: Asked = NOTHING,
) -> Added:
    """Put what `path` holds under `data/raw/NAME`, versioned by DVC and listed; while a run is at work it waits.

    As `accept`; `asked` is what the person states. Raises ValueError (RefusedError for what lies in the path and its
    name) or OSError, and then the project is as it was.
    """
    delivered = accept(root, path, name, numbered, before_accepting, asked)
    with lock.attempted(root, f"add {path}") as free:
        if free and delivered.waiting:
            _list(root, delivered)
            return replace(delivered, new=True, waiting=False)
    return delivered


def accept(
    root: Path,
    path: Path,
    name: str | None = None,
    numbered: bool = False,
    before_accepting: Callable[[Added], object] = lambda _: None,
    asked: Asked = NOTHING,
) -> Added:
    """Check what `path` holds and have it wait for the next run, whatever runs now.

    `name` is made of the path's last part where it is None. Where other content has it, that is an error, or with
    `numbered` NAME-2, NAME-3, ... is taken. Content that a delivery has already, listed or waiting, under whatever
    name, changes nothing. `before_accepting` is called when all is checked; what it raises undoes the rest.

    Waits for other landings, for none of the runs. Raises as `add`.
    """
    listing.everything(root)
    name = names.default(path) if name is None else name
    names.check(name)
    with waiting.changing(root, f"add {path}"), staging.opened(root) as scratch:
        taken = _taken_in(root, path, scratch, asked)
        waits, known = _known(root, taken.digest)
        if known is None:
            taken = _inspected(root, path, taken, asked)
            name = _free(root, name, taken.digest) if numbered else name
            _check_free(root, name, taken.digest)
            _check_versioned(root, name, taken)
        else:
            with _blamed(path):
                external.check_use(root, known, asked.external)
            _check_as_recorded(root, known, taken, asked)
        new, held = known is None, known in listing.held(root)
        counts = (taken.images, taken.classes, taken.litter)
        told = taken.told if new else ()
        delivered = Added(known or name, new, *counts, new or waits, held, asked.external, told)
        if new:
            before_accepting(delivered)
            waiting.put(root, name, taken, scratch, asked.external)
        return delivered


def remove(root: Path, name: str) -> Removed:
    """Take a delivery off the list and remove all that was made of it alone; waits for the project's lock.

    One that waits for the next run goes at once. Finishes what an interrupted call began. Raises ValueError for a name
    that is not listed and has left nothing.
    """
    listing.names(root)
    names.check(name)
    with waiting.changing(root, f"remove {name}"), staging.opened(root) as scratch:
        if name in waiting.names(root) and waiting.read(root, name).folder.is_dir():
            waiting.place(root, name).rename(scratch / name)
            return Removed(name, [str(waiting.place(Path(), name))], _all_names(root), waited=True)
    command = f"remove {name}"
    with lock.held(root, command), waiting.changing(root, command), staging.opened(root) as scratch:
        admission.clear_half_written(root)
        traces = _traces(root, name)
        if name in listing.everything(root):
            listing.remove(root, name)
        elif not traces:
            raise ValueError(f"no delivery {name!r}, expected one of {_named(root)} ({listing.FILE})")
        for trace in traces:
            dvc_file.unignore(trace)
            trace.rename(scratch / f"{trace.parent.name}-{trace.name}")
        return Removed(name, [str(trace.relative_to(root)) for trace in traces], listing.names(root))


def _list(root: Path, delivered: Added) -> None:
    """Have what waits listed. Where that fails for what this call brought, it brings nothing."""
    name = delivered.name
    try:
        failed = admission.tried(root)
        if name in failed:
            raise failed[name]
    except BaseException:
        if delivered.new and name not in listing.everything(root):
            remove(root, name)
        raise


def _known(root: Path, digest: str) -> tuple[bool, str | None]:
    """Whether it only waits, and the name of the delivery with the same content; None where there is none."""
    listed = listing.everything(root)
    for name in waiting.names(root):
        if waiting.read(root, name).digest == digest:
            return name not in listed, name
    return False, next((name for name in listed if dvc_file.digest(root, name) == digest), None)


def _all_names(root: Path) -> list[str]:
    """Of the deliveries, those that wait too."""
    waits = waiting.names(root)
    return list(dict.fromkeys([*listing.everything(root), *waits]))


def _named(root: Path) -> str:
    waits = set(waiting.names(root)) - set(listing.everything(root))
    known = (f"{name} (which joins the next run)" if name in waits else name for name in _all_names(root))
    return ", ".join(known) or "none"


def _taken_in(root: Path, path: Path, scratch: Path, asked: Asked) -> Intake:
    classes, names = load(Classes, root / PARAMS), naming(root, asked)
    with _blamed(path):
        taken = take_in(path, scratch, classes, names)
        if asked.external:
            external.check_labelled(path, taken)
        return taken


def _inspected(root: Path, path: Path, taken: Intake, asked: Asked) -> Intake:
    classes, ingest = load(Classes, root / PARAMS), acquired.settings(root)
    with _blamed(path):
        try:
            return acquired.inspected(root, taken, asked.acquisition, classes, ingest)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


@contextmanager
def _blamed(path: Path) -> Iterator[None]:
    """Turns what goes wrong with the content into a RefusedError."""
    try:
        yield
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
    taken = _all_names(root)
    endings = chain([""], (f"-{number}" for number in count(2)))
    candidates = (name[: names.LENGTH - len(ending)] + ending for ending in endings)
    return next(each for each in candidates if each not in taken and _may_take_up(root, each, digest))


def _check_free(root: Path, name: str, digest: str) -> None:
    if name in _all_names(root):
        raise ValueError(f"the name {name!r} is taken by a delivery with other content, give another with --name")
    if not _may_take_up(root, name, digest):
        raise ValueError(
            f"{RAW / name} is there with other content, though {listing.FILE} does not name it: "
            f"give another name with --name, or remove it with `hemaflow remove {name}`"
        )


def _check_as_recorded(root: Path, name: str, taken: Intake, asked: Asked) -> None:
    """Raise ValueError where content that is here already is stated to be something else than its record says."""
    if asked == NOTHING:
        return
    listed = records.place(root, name)
    told = record.read(listed) if listed.is_file() else waiting.read(root, name).record
    if asked.classes is not None and told.names is not None and told.names != taken.record.names:
        raise ValueError(
            f"the same images are here already, as {name!r}, with the class names {', '.join(told.names)}: "
            f"`hemaflow remove {name}` comes before adding them with others"
        )
    stated = asked.acquisition.model_dump(exclude_none=True)
    if stated != told.model_dump(include=set(stated)):
        raise ValueError(
            f"the same images are here already, as {name!r}: edit {records.place(Path(), name)} to change "
            f"{', '.join(stated)}"
        )


def _check_versioned(root: Path, name: str, taken: Intake) -> None:
    """Raise RefusedError where DVC would leave out files of the delivery."""
    left_out = dvc_file.left_out(root, name, raw.sources(taken.folder))
    if left_out:
        raise RefusedError(
            f"DVC leaves out {len(left_out)} of its files, such as {left_out[0]!r}: see .dvcignore, and folders named "
            ".dvc and .git"
        )


def _may_take_up(root: Path, name: str, digest: str) -> bool:
    """Whether nothing lies under an unlisted name, or the same content, as a killed delivery leaves it."""
    folder = root / RAW / name
    there = raw.digest(folder) if folder.is_dir() else dvc_file.digest(root, name)
    return there == digest or not (os.path.lexists(folder) or dvc_file.place(root, name).exists())


def _traces(root: Path, name: str) -> list[Path]:
    folders = (root / "data" / state / name for state in ("raw", "ingested", "embedded", "external", "waiting"))
    files = (root / "data/truth" / f"{name}.csv", records.place(root, name))
    traces = (dvc_file.place(root, name), *folders, *files)
    return [path for path in traces if os.path.lexists(path)]
