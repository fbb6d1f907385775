"""A landing folder: which of its entries are complete, and how one is taken away.

Somebody copies deliveries into it while others look, so an entry counts once it is marked complete (a file
`NAME.complete` beside it, or `.complete` inside), or once nothing in it has changed for a while. Over a line that may
stall for longer than that, mark.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from tasks.delivery import archive

MARK = ".complete"
QUARANTINE = "quarantine"
"""Below the landing folder: nothing of others leaves it, and who dropped a delivery finds there why it was refused."""

TAKEN = ".hemaflow-taken-"

Stamp = tuple[tuple[str, int, int, int, int], ...]


def entries(folder: Path) -> list[Path]:
    """What lies in the folder, by name. Hidden things, marks and the quarantine are none; the folder may be missing."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not (path.name.startswith(".") or _is_ours(path)))


def complete(folder: Path, settle_seconds: float) -> list[Path]:
    """Entries that may be taken in, by name."""
    return [entry for entry in entries(folder) if marks(entry) or is_settled(entry, settle_seconds)]


def marks(entry: Path) -> list[Path]:
    """The marks that say that the entry is complete: `batch.zip.complete` does, and `batch.complete` too.

    The latter only where nothing else in the folder can be meant by it.
    """
    found = [entry.with_name(entry.name + MARK), entry / MARK]
    stem = _stem(entry)
    if [path for path in entries(entry.parent) if stem in (path.name, _stem(path))] == [entry]:
        found.append(entry.with_name(stem + MARK))
    return sorted({mark for mark in found if _is_mark(mark)})


def lift_mark(entry: Path) -> None:
    """Put a mark that lies inside the entry beside it: it is part of no delivery. At once, so that it holds on."""
    with suppress(OSError):
        if _is_mark(entry / MARK):
            (entry / MARK).rename(entry.with_name(entry.name + MARK))


def is_settled(entry: Path, seconds: float) -> bool:
    """Whether nothing in the entry changed for so long. By ctime, which a copy that keeps mtimes moves all the same."""
    until = time.time() - seconds
    try:
        return all(path.lstat().st_ctime <= until for path in _walk(entry))
    except FileNotFoundError:  # renamed or removed just now, so it is being worked on
        return False
    except PermissionError:  # what cannot be looked at is for whoever takes it in to refuse
        return entry.lstat().st_ctime <= until


def stamp(entry: Path) -> Stamp | None:
    """Another one after any change in the entry; None where it is gone, or changes at this moment."""
    try:
        found = [(str(path.relative_to(entry)), path.lstat()) for path in _walk(entry)]
    except FileNotFoundError:
        return None
    except PermissionError:
        found = [(".", entry.lstat())]
    return tuple(sorted((name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in found))


def remove(entry: Path) -> None:
    """Take an entry away whose content is kept elsewhere. At once: no half entry is ever seen in the folder.

    It is hidden where it lies, since a rename to another file system is a copy, and since the folder of another user
    can be renamed only where it lies. What cannot be deleted then stays hidden. Raises OSError where it cannot be
    hidden.
    """
    remove_marks(entry)
    hidden = entry.with_name(f"{TAKEN}{os.urandom(8).hex()}")
    entry.rename(hidden)
    _delete(hidden)


def remove_marks(entry: Path) -> None:
    """Before the entry goes: a mark that stays behind would say of the next one of that name that it is complete."""
    for mark in marks(entry):
        if mark.parent == entry.parent:
            mark.unlink()


def leftovers(folder: Path) -> list[Path]:
    """What a killed `remove` left behind."""
    return list(folder.glob(f"{TAKEN}*")) if folder.is_dir() else []


def clear(folder: Path) -> None:
    """Finish what killed calls of `remove` began."""
    for hidden in leftovers(folder):
        _delete(hidden)


def _delete(hidden: Path) -> None:
    if hidden.is_dir() and not hidden.is_symlink():
        _open_up(hidden)
        shutil.rmtree(hidden, ignore_errors=True)
    else:
        hidden.unlink(missing_ok=True)


def _open_up(folder: Path) -> None:
    """Nothing can be deleted from a read-only folder, as one that was copied from a disc is."""
    with suppress(OSError):
        folder.chmod(0o700)
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                _open_up(path)


def _walk(entry: Path) -> Iterator[Path]:
    return chain([entry], () if entry.is_symlink() else entry.rglob("*"))


def _is_ours(path: Path) -> bool:
    return path.name == QUARANTINE or _is_mark(path)


def _is_mark(path: Path) -> bool:
    try:
        return path.name.endswith(MARK) and path.is_file()
    except OSError:  # of a name so long that it can have no mark
        return False


def _stem(entry: Path) -> str:
    return entry.name.removesuffix(archive.suffix(entry) or entry.suffix)
