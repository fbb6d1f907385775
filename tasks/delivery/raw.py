"""Reads a raw delivery, `data/raw/NAME`, whatever its format.

Class folders keep the spelling in which they came: the source of a row is what its sender can look up, two folders
that are aliases of one class cannot collide, and a new alias in params.yaml moves no file.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks.delivery import formats
from tasks.delivery.formats import Content, Packed, Row, Tree
from tasks.params import Classes


def rows(folder: Path, classes: Classes, names: Sequence[str] | None = None) -> list[Row]:
    """Every row of the delivery in a fixed order; `names` say what label numbers stand for, where it has such.

    Raises ValueError for a damaged file that holds others, and for wrong labels, FileNotFoundError where there is no
    such folder.
    """
    tree = _tree(folder)
    return formats.find(tree).rows(tree, classes, names)


def names(folder: Path) -> list[str] | None:
    """The delivery's own class names in the order of its labels; None where these are numbers that it does not name."""
    tree = _tree(folder)
    return formats.find(tree).names(tree)


def chunks(folder: Path, number: int) -> Iterator[Sequence[Content]]:
    """What came of each of `rows`, in their order, up to `number` at once."""
    tree = _tree(folder)
    return formats.find(tree).chunks(tree, number)


def check(folder: Path, limit: int) -> None:
    """Raise ValueError for whatever is wrong with the images, and for more than `limit` bytes once unpacked."""
    tree = _tree(folder)
    formats.find(tree).check(tree, limit)


def sources(folder: Path) -> list[str]:
    """Paths of all files below the folder, relative to it, with `/`, sorted."""
    found: list[str] = []
    for parent, _, names in os.walk(folder):
        prefix = f"{os.path.relpath(parent, folder)}/".removeprefix("./")
        found += [prefix + name for name in names]
    return sorted(found)


def digest(folder: Path) -> str:
    """A hash of the delivery's content: of each file's path and bytes, whatever order, times and modes they have.

    The name of a file that holds all of it stays out, so that a renamed copy is known again.
    """
    tree = _tree(folder)
    form = formats.find(tree)
    names = {source: f"*{Path(source).suffix.lower()}" if isinstance(form, Packed) else source for source in tree.files}
    whole = hashlib.blake2b(digest_size=32)
    for source, name in names.items():
        with (folder / source).open("rb") as stream:
            content = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
        # A path cannot hold the zero byte, so no two lists of files give the same stream.
        whole.update(f"{name}\0{content}\n".encode())
    return whole.hexdigest()


def _tree(folder: Path) -> Tree:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    return Tree(folder, sources(folder))
