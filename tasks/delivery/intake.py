"""Takes in what somebody has: a folder, archive or file becomes a checked folder in the form of `data/raw/NAME`."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tasks.delivery import archive, formats, layout, raw
from tasks.delivery.container import UNPACKED_LIMIT
from tasks.params import Classes


class Intake(NamedTuple):
    """A delivery ready to be kept: `classes` counts its rows by class (in no class: ""), `litter` files left out."""

    folder: Path
    digest: str
    images: int
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
        raw.check(content, classes, limit)
    except ValueError as error:
        raise ValueError(f"{path}: {str(error).removeprefix(f'{path.name}: ')}") from error
    rows = raw.rows(content, classes)
    counts = Counter(row.label for row in rows)
    by_class = {name: counts[name] for name in (*classes.names, "") if counts[name]}
    return Intake(content, raw.digest(content), len(rows), by_class, litter)


def _fill(content: Path, path: Path, unpacked: Path, classes: Classes, limit: int) -> int:
    """Put the delivery's files below `content`; the count of files left out."""
    if path.is_dir():
        return _transfer(layout.survey(path, classes), content, shutil.copyfile)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if formats.packed(path.name) and path.is_file():
        layout.check_name(path.name)
        shutil.copyfile(path, content / path.name)
        return 0
    if archive.suffix(path) and path.is_file():
        archive.unpack(path, unpacked, limit)
        return _transfer(layout.survey(unpacked, classes), content, os.replace)
    raise ValueError(f"expected {formats.titles()}, or an archive ({', '.join(archive.SUFFIXES)})")


def _transfer(found: layout.Layout, content: Path, put: Callable[[Path, Path], object]) -> int:
    for name in found.files:
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        put(found.top / name, content / name)
    return found.litter
