"""Reads a raw delivery, `data/raw/NAME`: class folders of files, or a single npz.

Class folders keep the spelling in which they came: the source of a row is what its sender can look up, two folders
that are aliases of one class cannot collide, and a new alias in params.yaml moves no file.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from tasks.delivery import npz
from tasks.params import Classes


class Picture(NamedTuple):
    """A row that came: `source` is its path inside the delivery, `label` its canonical class or ""."""

    source: str
    label: str


def pictures(folder: Path, classes: Classes) -> list[Picture]:
    """Every row of the delivery in a fixed order.

    Class folders: a row per file, hidden ones and such as are no pictures included, sorted by source; the label of a
    file in no class folder is "". An npz: `FILE.npz#ROW` or, in MedMNIST's layout, `FILE.npz#train:ROW`, in the order
    of the arrays. Raises ValueError for a damaged npz, FileNotFoundError where there is no such folder.
    """
    packed = npz_file(folder)
    return _rows(packed, classes) if packed else _files(folder, classes)


def npz_file(folder: Path) -> Path | None:
    """The delivery's npz, None where it has class folders."""
    entries = sorted(folder.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].suffix.lower() == ".npz" and entries[0].is_file() else None


def sources(folder: Path) -> list[str]:
    """Paths of all files below the folder, relative to it, with `/`, sorted."""
    found: list[str] = []
    for parent, _, names in os.walk(folder):
        prefix = f"{os.path.relpath(parent, folder)}/".removeprefix("./")
        found += [prefix + name for name in names]
    return sorted(found)


def digest(folder: Path) -> str:
    """A hash of the delivery's content: of each file's path and bytes, whatever order, times and modes they have.

    The name of a single npz stays out of it, so that a renamed copy is known again.
    """
    packed = npz_file(folder)
    names = {source: "*.npz" if packed else source for source in sources(folder)}
    whole = hashlib.blake2b(digest_size=32)
    for source, name in names.items():
        with (folder / source).open("rb") as stream:
            content = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
        # A path cannot hold the zero byte, so no two lists of files give the same stream.
        whole.update(f"{name}\0{content}\n".encode())
    return whole.hexdigest()


def _files(folder: Path, classes: Classes) -> list[Picture]:
    found = sources(folder)
    tops = {source.split("/")[0] for source in found if "/" in source}
    labels = {top: classes.canonical(top) or "" for top in tops}
    return [Picture(source, labels[source.split("/")[0]] if "/" in source else "") for source in found]


def _rows(path: Path, classes: Classes) -> list[Picture]:
    return [
        Picture(f"{path.name}#{split.prefix}{row}", label)
        for split in npz.splits(path)
        for row, label in enumerate(npz.labels(path, split, classes))
    ]
