"""Whether a run goes on: its process holds an flock on `data/.state/runs/<id>`, which the kernel frees when it dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from operations.process import flocks

FOLDER = Path("data/.state/runs")


@contextmanager
def announced(root: Path, run: str) -> Iterator[None]:
    """For as long as the block lasts, `is_alive` says so of this run, in any process. Raises for no full disk."""
    stream = _take(root / FOLDER, run)
    try:
        yield
    finally:
        with suppress(OSError):
            (root / FOLDER / run).unlink(missing_ok=True)
        if stream:
            stream.close()


def is_alive(root: Path, run: str) -> bool:
    """Whether a process is in that run's block."""
    return _is_locked(root / FOLDER / run)


def _take(folder: Path, run: str) -> IO[str] | None:
    """The lock, taken under another name first, so that nobody finds it free; None where it cannot be had."""
    fresh = folder / f".{run}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        stream = fresh.open("w")
        fcntl.flock(stream, fcntl.LOCK_EX)
        fresh.rename(folder / run)
    except OSError:
        return None
    return stream


def _sweep(folder: Path) -> None:
    """Remove what killed runs left."""
    for file in folder.glob("[!.]*"):
        if not _is_locked(file):
            file.unlink(missing_ok=True)


def _is_locked(file: Path) -> bool:
    """False too where it cannot be told: a file system without locks."""
    with suppress(OSError):
        return flocks.is_taken(file)
    return False
