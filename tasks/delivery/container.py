"""What zip, tar and npz files have in common: one error for a damaged one, and a limit on what they unpack to."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNPACKED_LIMIT = 32 << 30
"""Bytes that one delivery may unpack to."""
FILE_LIMIT = 256 << 20
"""Bytes of one file. The largest image that is decoded, of 64 million pixels, has 192 MB where nothing packs it."""
RATIO, FREE = 100, 256 << 20
"""Images hardly compress: more than so many times the size of the file is a bomb, if it is more than FREE bytes too."""

SHOWN = 160
"""Characters of what a library says: zipfile repeats names of 64 KiB."""

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns what the zip, tar and compression libraries raise for a damaged file into a ValueError that names it."""
    try:
        yield
    except _DAMAGE as error:
        raise ValueError(f"{path.name}: damaged or cut short: {shown(error)}") from error
    except OSError as error:
        # gzip and bz2 report bad data as an OSError of their own, without the number that the system's errors have.
        if error.errno is not None:
            raise
        raise ValueError(f"{path.name}: damaged or cut short: {shown(error)}") from error


def bounded(path: Path, limit: int = UNPACKED_LIMIT) -> int:
    """Bytes that the file may unpack to, at most `limit`."""
    return min(limit, max(FREE, RATIO * path.stat().st_size))


def shown(error: Exception) -> str:
    """What a library says of a damaged file, in one short line."""
    line = next(iter(str(error).splitlines()), "").rstrip(":") or type(error).__name__
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}..."
