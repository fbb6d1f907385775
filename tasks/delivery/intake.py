"""Takes in what somebody has: a folder, zip, tar or npz becomes a checked folder in the form of `data/raw/NAME`."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tasks.delivery import archive, layout, npz, raw
from tasks.delivery.container import UNPACKED_LIMIT
from tasks.params import Classes

PICTURE_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"BM")
"""First bytes of PNG, JPEG, TIFF (both byte orders, also BigTIFF) and BMP."""


class Intake(NamedTuple):
    """A delivery ready to be kept: `classes` counts its rows by class (in no class: ""), `litter` files left out."""

    folder: Path
    digest: str
    pictures: int
    classes: dict[str, int]
    litter: int


def take_in(path: Path, staging: Path, classes: Classes, limit: int = UNPACKED_LIMIT) -> Intake:
    """Copy or unpack `path` into the folder `staging`, which must be empty, and check all of it.

    Raises ValueError or OSError, naming the path and what is wrong; `path` is only read, and `staging` may then be
    thrown away.
    """
    content = staging / "content"
    content.mkdir(parents=True)
    try:
        litter = _fill(content, path, staging / "unpacked", classes, limit)
        _check(content, classes, limit)
    except ValueError as error:
        raise ValueError(f"{path}: {str(error).removeprefix(f'{path.name}: ')}") from error
    rows = raw.pictures(content, classes)
    counts = Counter(row.label for row in rows)
    by_class = {name: counts[name] for name in (*classes.names, "") if counts[name]}
    return Intake(content, raw.digest(content), len(rows), by_class, litter)


def _fill(content: Path, path: Path, unpacked: Path, classes: Classes, limit: int) -> int:
    """Put the delivery's files below `content`; the count of files left out."""
    if path.is_dir():
        return _transfer(layout.survey(path, classes), content, shutil.copyfile)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if path.suffix.lower() == ".npz" and path.is_file():
        layout.check_name(path.name)
        shutil.copyfile(path, content / path.name)
        return 0
    if archive.suffix(path) and path.is_file():
        archive.unpack(path, unpacked, limit)
        return _transfer(layout.survey(unpacked, classes), content, os.replace)
    raise ValueError(f"expected a folder, an npz, or an archive ({', '.join(archive.SUFFIXES)})")


def _transfer(found: layout.Layout, content: Path, put: Callable[[Path, Path], object]) -> int:
    for name in found.files:
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        put(found.top / name, content / name)
    return found.litter


def _check(content: Path, classes: Classes, limit: int) -> None:
    packed = raw.npz_file(content)
    if packed:
        npz.verify(packed, classes, limit)
    elif not any(_is_picture(content / source) for source in raw.sources(content)):
        raise ValueError("holds no picture: none of its files is PNG, JPEG, TIFF or BMP")


def _is_picture(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(8).startswith(PICTURE_STARTS)
