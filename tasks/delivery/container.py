"""What zip, tar and npz files have in common: one error for a damaged one, and a limit on what they unpack to."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNPACKED_LIMIT = 32 << 30
"""Bytes that one delivery may unpack to. Images hardly compress, so a small archive that needs more is a bomb."""

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns what the zip, tar and compression libraries raise for a damaged file into a ValueError that names it."""
    try:
        yield
    except _DAMAGE as error:
        raise ValueError(f"{path.name}: damaged or cut short: {error}") from error
    except OSError as error:
        # gzip and bz2 report bad data as an OSError of their own, without the number that the system's errors have.
        if error.errno is not None:
            raise
        raise ValueError(f"{path.name}: damaged or cut short: {error}") from error
