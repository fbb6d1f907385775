"""Takes in what somebody has: a folder, archive or file becomes a checked folder in the form of `data/raw/NAME`."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tasks.delivery import archive, formats, label_array, layout, raw, record
from tasks.delivery.container import UNPACKED_LIMIT
from tasks.delivery.formats import Row
from tasks.delivery.record import Record
from tasks.params import Classes


class Intake(NamedTuple):
    """A delivery ready to be kept: `classes` counts its rows by class (in no class: ""), `litter` files left out."""

    folder: Path
    digest: str
    images: int
    classes: dict[str, int]
    litter: int
    record: Record = Record()
    told: tuple[str, ...] = ()
    """what a person should know of how it is read, a line each"""


class Naming(NamedTuple):
    """What label numbers stand for where the delivery does not say: by the person who adds it, else by the project."""

    asked: Sequence[str] | None = None
    """names in the order of the numbers; where the delivery has names of its own, these must be the same"""
    configured: Sequence[str] | None = None
    """names in the order of the numbers, used where there are no others"""


NOBODY_SAYS = Naming()


def take_in(
    path: Path, staging: Path, classes: Classes, naming: Naming = NOBODY_SAYS, limit: int = UNPACKED_LIMIT
) -> Intake:
    """Copy or unpack `path` into the folder `staging`, which must be empty, and check all of it.

    Raises ValueError or OSError, naming the path and what is wrong; `path` is only read, and `staging` may then be
    thrown away.
    """
    content = staging / "content"
    content.mkdir(parents=True)
    try:
        litter = _fill(content, path, staging / "unpacked", classes, limit)
        raw.check(content, limit)
        names, rows, told = labelled(content, classes, naming)
    except ValueError as error:
        raise ValueError(f"{path}: {str(error).removeprefix(f'{path.name}: ')}") from error
    counts = Counter(row.label for row in rows)
    by_class = {name: counts[name] for name in (*classes.names, "") if counts[name]}
    made = record.of(names, [row.name for row in rows], litter)
    return Intake(content, raw.digest(content), len(rows), by_class, litter, made, told)


def labelled(content: Path, classes: Classes, naming: Naming) -> tuple[list[str], list[Row], tuple[str, ...]]:
    """The own class names of a raw delivery in the order of its labels, its rows, and what label numbers mean, told.

    Raises ValueError for label numbers without names, and for a class with images that params.yaml does not have.
    """
    own = raw.names(content)
    names = _names(own, naming)
    rows = raw.rows(content, classes, names)
    unknown = [name for name in names if name in {row.name for row in rows if row.name and not row.label}]
    if unknown:
        raise ValueError(f"unknown class {classes.unknown(unknown)}")
    return names, rows, () if own is not None else (_numbered(names, naming),)


def _names(own: list[str] | None, naming: Naming) -> list[str]:
    if own is not None and naming.asked is not None and list(naming.asked) != own:
        raise ValueError(
            f"its own class names are {', '.join(own)}, in this order, and --classes says {', '.join(naming.asked)}: "
            "leave --classes out"
        )
    if own is not None:
        return own
    found = naming.asked or naming.configured
    if not found:
        raise ValueError(label_array.NAMELESS)
    return list(found)


def _numbered(names: list[str], naming: Naming) -> str:
    source = "--classes" if naming.asked else "landing.class_order"
    return f"label numbers, by {source}: {', '.join(f'{number} = {name}' for number, name in enumerate(names))}"


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
