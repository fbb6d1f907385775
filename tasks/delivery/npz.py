"""Reads npz deliveries in chunks of rows: a member of 400 MB costs the memory of one chunk.

Two layouts: the homework's (`images`, `labels`) and MedMNIST's (`train_images`, `train_labels`, also `val_`, `test_`).
Images are N x H x W x 3 of uint8 in C order; labels are N or N x 1 integers that index the classes of params.yaml.
"""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.delivery.container import UNPACKED_LIMIT, readable
from tasks.params import Classes

LAYOUTS = (
    (("", "images", "labels"),),
    tuple((f"{split}:", f"{split}_images", f"{split}_labels") for split in ("train", "val", "test")),
)
EXPECTED = "images and labels, or {train,val,test}_images and {train,val,test}_labels"


class Split(NamedTuple):
    """A pair of arrays in an npz: `prefix` is "" or "train:", ..., `images` and `labels` name the zip's members."""

    prefix: str
    images: str
    labels: str
    shape: tuple[int, ...]


class Header(NamedTuple):
    """What the start of an npy file says."""

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    length: int


def splits(path: Path) -> list[Split]:
    """The pairs of arrays of the file, MedMNIST's in the order train, val, test; reads the headers alone.

    Raises ValueError for missing or unknown keys, a pickled array, a wrong dtype or rank, lengths that differ, Fortran
    order, and a member that is damaged or has another length than its header says.
    """
    with _archive(path) as archive:
        return [_split(path, archive, *keys) for keys in _layout(path, archive.namelist())]


def labels(path: Path, split: Split, classes: Classes) -> list[str]:
    """The class of each row of the split. Raises ValueError for an index that stands for no class."""
    with _archive(path) as archive, archive.open(split.labels) as stream:
        indices = np.lib.format.read_array(stream, allow_pickle=False).reshape(-1)
    names = classes.names
    for row in np.flatnonzero((indices < 0) | (indices >= len(names)))[:1]:
        raise ValueError(
            f"{path.name}: {split.labels} row {row} is {indices[row]}, "
            f"expected 0 to {len(names) - 1} ({', '.join(names)})"
        )
    return [names[index] for index in indices]


def chunks(path: Path, member: str, rows: int = 256) -> Iterator[NDArray[np.uint8]]:
    """Yields the images of one member (`Split.images`) in order: read-only uint8, up to `rows` x H x W x 3 each."""
    with _archive(path) as archive, archive.open(member) as stream:
        total, *picture = _images_header(path, archive, member, stream).shape
        for start in range(0, total, rows):
            shape = (min(rows, total - start), *picture)
            yield np.frombuffer(stream.read(math.prod(shape)), np.uint8).reshape(shape)


def verify(path: Path, classes: Classes, limit: int = UNPACKED_LIMIT) -> None:
    """Reads the whole file once. Raises ValueError for whatever is wrong with it, checksums and labels included."""
    found = splits(path)
    size = sum(math.prod(split.shape) for split in found)
    if size > limit:
        raise ValueError(f"{path.name}: unpacks to {size} bytes, expected at most {limit}")
    if size == 0:
        raise ValueError(f"{path.name}: holds no picture")
    for split in found:
        labels(path, split, classes)
        for _ in chunks(path, split.images):
            pass


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with readable(path), zipfile.ZipFile(path) as archive:
        if any(member.flag_bits & 1 for member in archive.infolist()):
            raise ValueError(f"{path.name}: encrypted, expected a plain npz")
        yield archive


def _layout(path: Path, members: list[str]) -> list[tuple[str, str, str]]:
    if len(set(members)) < len(members):
        raise ValueError(f"{path.name}: two members have one name, expected {EXPECTED}")
    keys = {member.removesuffix(".npy") for member in members}
    for layout in LAYOUTS:
        found = [names for names in layout if keys & set(names[1:])]
        wanted = {key for names in found for key in names[1:]}
        if found and wanted == keys:
            return found
    raise ValueError(f"{path.name}: expected the keys {EXPECTED}, got {', '.join(sorted(keys)) or 'none'}")


def _split(path: Path, archive: zipfile.ZipFile, prefix: str, images: str, labels: str) -> Split:
    with archive.open(f"{images}.npy") as stream:
        pictures = _images_header(path, archive, f"{images}.npy", stream)
    with archive.open(f"{labels}.npy") as stream:
        indices = _header(path, archive, f"{labels}.npy", stream)
    if indices.dtype.kind not in "iu":
        raise ValueError(f"{path.name}: {labels} must be integers, got {indices.dtype}")
    if len(indices.shape) not in (1, 2) or indices.shape[1:] not in ((), (1,)):
        raise ValueError(f"{path.name}: {labels} must have the shape N or N x 1, got {_times(indices.shape)}")
    if indices.shape[0] != pictures.shape[0]:
        raise ValueError(
            f"{path.name}: {images} has {pictures.shape[0]} rows and {labels} {indices.shape[0]}, expected as many"
        )
    return Split(prefix, f"{images}.npy", f"{labels}.npy", pictures.shape)


def _images_header(path: Path, archive: zipfile.ZipFile, member: str, stream: IO[bytes]) -> Header:
    header = _header(path, archive, member, stream)
    if header.dtype != np.uint8:
        raise ValueError(f"{path.name}: {member} must be uint8, got {header.dtype}")
    if len(header.shape) != 4 or header.shape[3] != 3 or 0 in header.shape[1:]:
        raise ValueError(f"{path.name}: {member} must have the shape N x H x W x 3, got {_times(header.shape)}")
    if header.fortran:
        # Its rows lie scattered over the whole member, which a stream cannot reach.
        raise ValueError(f"{path.name}: {member} is in Fortran order, save it as numpy.ascontiguousarray(...)")
    return header


def _header(path: Path, archive: zipfile.ZipFile, member: str, stream: IO[bytes]) -> Header:
    try:
        read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
        shape, fortran, dtype = read[np.lib.format.read_magic(stream)[0]](stream)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{path.name}: {member} is no plain numpy array: {error}") from error
    if dtype.hasobject:
        raise ValueError(f"{path.name}: {member} is a pickled array, expected numbers; a pickle could run any code")
    header = Header(shape, dtype, fortran, stream.tell())
    expected, size = header.length + math.prod(shape) * dtype.itemsize, archive.getinfo(member).file_size
    if size != expected:
        raise ValueError(f"{path.name}: {member} has {size} bytes, expected {expected} by its header")
    return header


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"
