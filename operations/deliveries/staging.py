"""A folder for what is half made, on the data's file system."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATE = Path("data/.state")
PREFIX = "add-"


@contextmanager
def opened(root: Path) -> Iterator[Path]:
    """The folder, which goes when the block ends; what dead processes left behind goes first.

    Theirs is all that is there: hold the landing's lock, so that nobody else has one.
    """
    clear(root)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=root / STATE) as folder:
        yield Path(folder)


def clear(root: Path) -> None:
    """Remove what dead processes left behind; hold the landing's lock."""
    for stale in (root / STATE).glob(f"{PREFIX}*"):
        shutil.rmtree(stale, ignore_errors=True)
