"""The formats that a delivery may have, a module each: `find` says which one it is, and that reads it.

A module of this package holds a subclass of `Format` or `Packed` and an instance of it, `FORMAT`; nothing else names
it. `add`, `ingest` and `predict` know the formats from here alone.
"""

import math
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from numpy.typing import NDArray

from tasks.delivery.container import FILE_LIMIT, UNPACKED_LIMIT, bounded
from tasks.params import Classes

CHUNK = 64 << 20
"""Bytes of images that are in memory at once, if one has no more."""
Content = bytes | NDArray[Any]
"""What came of an image: the bytes of a file, or values, uint8 or of more bits or fractions, RGB or RGBA.

Values are (height, width, 3), or (..., 4) where the last channel is alpha.
"""


class Tree(NamedTuple):
    """Files that came together; `files` are their paths below `folder`, with `/`, sorted."""

    folder: Path
    files: list[str]


class Row(NamedTuple):
    """A row that came: `source` is its path inside the delivery.

    `name` is the class as the delivery calls it, "" where it gives none; `label` the class of params.yaml that goes by
    this name today, "" where none does. `split` is the one that the delivery gives it: train, val, test or "".
    """

    source: str
    label: str
    name: str
    split: str = ""


class Format(ABC):
    """How images and their labels lie in a delivery."""

    fallback: ClassVar[bool] = False
    """Whether it is meant only where no other format is recognised."""

    @abstractmethod
    def recognises(self, tree: Tree) -> bool:
        """Whether the tree has this format, by the names of its files."""

    @abstractmethod
    def check(self, tree: Tree, limit: int) -> None:
        """Raise ValueError for whatever is wrong with its images, and for more than `limit` bytes once unpacked."""

    @abstractmethod
    def names(self, tree: Tree) -> list[str] | None:
        """Its own class names in the order of its labels; None where its labels are numbers that it does not name."""

    @abstractmethod
    def rows(self, tree: Tree, classes: Classes, names: Sequence[str] | None) -> list[Row]:
        """Every row in a fixed order; `names` say what label numbers stand for, where it has such.

        Raises ValueError for labels that are wrong.
        """

    @abstractmethod
    def chunks(self, tree: Tree, number: int) -> Iterator[Sequence[Content]]:
        """The images of `rows`, in their order, up to `number` at once."""


class Images(NamedTuple):
    """An array of images in a file: `prefix` goes before a row's number ("", "train:"), `key` names the array."""

    prefix: str
    key: str
    shape: tuple[int, ...]
    itemsize: int = 1  # bytes of a value


class Packed(Format):
    """One file that holds all images as arrays. A row's source is `FILE#ROW`, or `FILE#train:ROW` with a prefix.

    What `predict` needs are `images` and `stream`; labels may be missing there, and are never looked at.
    """

    title: ClassVar[str]
    """With its article, for messages: "an npz"."""
    suffixes: ClassVar[tuple[str, ...]]
    """Endings of its files, lower case, with the dot."""

    @abstractmethod
    def images(self, path: Path) -> list[Images]:
        """The arrays of images, from their headers alone. Raises ValueError for what is wrong there."""

    @abstractmethod
    def class_names(self, path: Path) -> list[str] | None:
        """As `names`. Raises ValueError for what is wrong with the file."""

    @abstractmethod
    def labels(self, path: Path, names: Sequence[str] | None) -> list[str]:
        """The delivery's own class of each row, in the order of `images`; label numbers stand for `names`.

        Raises ValueError for what is wrong with the file, and for numbers without names.
        """

    @abstractmethod
    def stream(self, path: Path, images: Images, rows: int) -> Iterator[NDArray[Any]]:
        """The images of one array in order, up to `rows` x H x W x 3 or 4 at once. Raises ValueError for damage."""

    def recognises(self, tree: Tree) -> bool:
        """It is one file with the ending of this format, in no folder."""
        return len(tree.files) == 1 and "/" not in tree.files[0] and self.may_be(tree.files[0])

    def may_be(self, name: str) -> bool:
        """Whether a file's name has the ending of this format."""
        return name.lower().endswith(self.suffixes)

    def measured(self, path: Path, limit: int = UNPACKED_LIMIT) -> list[Images]:
        """As `images`. Raises ValueError for more than `limit` bytes in all, and for what only a bomb unpacks to."""
        found, limit = self.images(path), bounded(path, limit)
        size = sum(math.prod(images.shape) * images.itemsize for images in found)
        if size > limit:
            raise ValueError(f"{path.name}: unpacks to {size} bytes, expected at most {limit}")
        return found

    def check(self, tree: Tree, limit: int = UNPACKED_LIMIT) -> None:
        """Read all images once, their checksums included."""
        path = _file(tree)
        if not sum(images.shape[0] for images in self.measured(path, limit)):
            raise ValueError(f"{path.name}: holds no image")
        for _ in self.chunks(tree, 256):
            pass

    def names(self, tree: Tree) -> list[str] | None:
        """Those of the file."""
        return self.class_names(_file(tree))

    def rows(self, tree: Tree, classes: Classes, names: Sequence[str] | None) -> list[Row]:
        """A row for each image, in the order of the arrays."""
        path = _file(tree)
        sources = [name for images in self.images(path) for name in sources_of(path, images)]
        given = self.labels(path, names)
        labels = {name: classes.canonical(name) or "" for name in set(given)}
        splits = self.splits(path)
        return [
            Row(source, labels[name], name, split) for source, name, split in zip(sources, given, splits, strict=True)
        ]

    def splits(self, path: Path) -> list[str]:
        """The split that the file gives each row, in the order of `images`: that of their prefix."""
        return [images.prefix.rstrip(":") for images in self.images(path) for _ in range(images.shape[0])]

    def chunks(self, tree: Tree, number: int) -> Iterator[Sequence[Content]]:
        """The images, decoded."""
        path = _file(tree)
        for images in self.images(path):
            fitting = CHUNK // (math.prod(images.shape[1:]) * images.itemsize)
            yield from map(list, self.stream(path, images, max(1, min(number, fitting))))


def sources_of(path: Path, images: Images) -> Iterator[str]:
    """What the rows of an array are called."""
    return (f"{path.name}#{images.prefix}{row}" for row in range(images.shape[0]))


def contents(folder: Path, files: Sequence[str], number: int) -> Iterator[list[Content]]:
    """The bytes of files, up to `number` and about CHUNK at once; of one that is too long, more than are read."""
    chunk: list[Content] = []
    size = 0
    for name in files:
        with (folder / name).open("rb") as stream:
            chunk.append(stream.read(FILE_LIMIT + 1))
        size += len(chunk[-1])
        if len(chunk) == number or size >= CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


@cache
def every() -> tuple[Format, ...]:
    """Each format, by the name of its module."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}").FORMAT for name in names)


def find(tree: Tree) -> Format:
    """The format of the tree. Raises ValueError where it may have several."""
    found = [each for each in every() if not each.fallback and each.recognises(tree)]
    if len(found) > 1:
        kinds = " and ".join(type(each).__name__ for each in found)
        raise ValueError(f"may be read in several ways ({kinds}), expected files of one format")
    return found[0] if found else next(each for each in every() if each.fallback)


def packed(name: str) -> Packed | None:
    """The format that a file alone has by its name, None for another file."""
    return next((each for each in every() if isinstance(each, Packed) and each.may_be(name)), None)


def titles() -> str:
    """What a delivery may be, for messages: "a folder, an npz"."""
    return ", ".join(["a folder", *(each.title for each in every() if isinstance(each, Packed))])


def _file(tree: Tree) -> Path:
    return tree.folder / tree.files[0]
