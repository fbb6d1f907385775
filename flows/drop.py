"""The drop folder: which of its entries are complete, and where they go from there.

Somebody copies deliveries into it while others look, so an entry counts once it is marked complete (a file
`NAME.complete` beside it, or `.complete` inside), or once nothing in it has changed for a while.
"""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

MARK = ".complete"
QUARANTINE = Path("data/quarantine")
REASON = "reason.txt"


def complete(folder: Path, settle_seconds: float) -> list[Path]:
    """Entries that may be taken in, by name. Hidden ones and marks are no entries; the folder may be missing."""
    if not folder.is_dir():
        return []
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".") and entry.suffix != MARK)
    return [entry for entry in entries if marks(entry) or is_settled(entry, settle_seconds)]


def marks(entry: Path) -> list[Path]:
    """The marks that say that the entry is complete: `batch.zip.complete` and `batch.complete` both do."""
    beside = {entry.with_name(entry.name + MARK), entry.with_name(entry.stem + MARK)}
    return sorted(mark for mark in (*beside, entry / MARK) if mark.is_file())


def is_settled(entry: Path, seconds: float) -> bool:
    """Whether nothing in the entry changed for so long. By ctime, which a copy that keeps mtimes moves all the same."""
    try:
        newest = max(path.lstat().st_ctime for path in (entry, *entry.rglob("*")))
    except FileNotFoundError:  # renamed or removed just now, so it is being worked on
        return False
    return time.time() - newest >= seconds


def remove(entry: Path, root: Path) -> None:
    """Take an entry away whose pictures are listed as a delivery. At once: no half entry is ever seen there."""
    _remove_marks_beside(entry)
    away = root / "data/.state" / f"taken-{os.getpid()}-{entry.name}"
    shutil.move(entry, away)
    if away.is_dir() and not away.is_symlink():
        shutil.rmtree(away)
    else:
        away.unlink()


def put_aside(entry: Path, root: Path, reason: str) -> Path:
    """Move an entry to `data/quarantine/NAME-<n>/`, the reason beside it; that folder. Nothing is deleted."""
    place = next(_free_places(root / QUARANTINE, entry.name))
    (place / REASON).write_text(reason + "\n")
    _remove_marks_beside(entry)
    shutil.move(entry, place / entry.name)
    return place


def _free_places(quarantine: Path, name: str) -> Iterator[Path]:
    quarantine.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1_000_000):
        place = quarantine / f"{name}-{number}"
        try:
            place.mkdir()
        except FileExistsError:
            continue
        yield place


def _remove_marks_beside(entry: Path) -> None:
    """Before the entry goes: a mark that stays behind would say of the next one of that name that it is complete."""
    for mark in marks(entry):
        if mark.parent == entry.parent:
            mark.unlink()
