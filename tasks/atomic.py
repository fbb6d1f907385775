"""Files that are replaced at once: a reader, or a crash, meets the old one whole or the new one whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """A stream whose content takes the place of `file`, and its mode, when the block ends without an error."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with fresh.open("w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if file.exists():
            fresh.chmod(file.stat().st_mode)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
