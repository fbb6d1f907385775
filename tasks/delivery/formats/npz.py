"""npz: numpy's arrays, read in chunks of rows, so that a member of 400 MB costs the memory of one chunk.

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

from tasks.delivery.container import readable
from tasks.delivery.formats import Images, Packed
from tasks.params import Classes

LAYOUTS = (
    (("", "images", "labels"),),
    tuple((f"{split}:", f"{split}_images", f"{split}_labels") for split in ("train", "val", "test")),
)
EXPECTED = "images and labels, or {train,val,test}_images and {train,val,test}_labels"
IMAGES_EXPECTED = "images or {train,val,test}_images"


class Header(NamedTuple):
    """What the start of an npy file says."""

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    length: int


class Npz(Packed):
    """Rows of `images`, or of `train_images`, `val_images` and `test_images` in this order."""

    title = "an npz"
    suffixes = (".npz",)

    def images(self, path: Path) -> list[Images]:
        """The arrays of images. `images` and MedMNIST's may be there at once, and other keys too.

        Raises ValueError where none is there, for one that is not N x H x W x 3 of uint8 in C order, and for a member
        that is pickled, damaged, or has another length than its header says.
        """
        with _archive(path) as archive:
            members = archive.namelist()
            _check_names(path, members, IMAGES_EXPECTED)
            found = [(prefix, f"{key}.npy") for layout in LAYOUTS for prefix, key, _ in layout]
            found = [(prefix, member) for prefix, member in found if member in members]
            if not found:
                raise ValueError(f"{path.name}: expected the keys {IMAGES_EXPECTED}, got {_keys(members)}")
            return [Images(prefix, member, _images_shape(path, archive, member)) for prefix, member in found]

    def labels(self, path: Path, classes: Classes) -> list[str]:
        """The class of each row.

        Raises ValueError for missing or unknown keys, labels of another dtype or shape, and an index that stands for no
        class.
        """
        with _archive(path) as archive:
            pairs = _layout(path, archive.namelist())
            return [name for _, images, labels in pairs for name in _labels(path, archive, images, labels, classes)]

    def stream(self, path: Path, images: Images, rows: int) -> Iterator[NDArray[np.uint8]]:
        """The images of one array in order, read-only."""
        with _archive(path) as archive, archive.open(images.key) as stream:
            total, *image = _images_header(path, archive, images.key, stream).shape
            for start in range(0, total, rows):
                shape = (min(rows, total - start), *image)
                yield np.frombuffer(stream.read(math.prod(shape)), np.uint8).reshape(shape)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with readable(path), zipfile.ZipFile(path) as archive:
        if any(member.flag_bits & 1 for member in archive.infolist()):
            raise ValueError(f"{path.name}: encrypted, expected a plain npz")
        yield archive


def _check_names(path: Path, members: list[str], expected: str) -> None:
    if len(set(members)) < len(members):
        raise ValueError(f"{path.name}: two members have one name, expected {expected}")


def _keys(members: list[str]) -> str:
    return ", ".join(sorted(member.removesuffix(".npy") for member in members)) or "none"


def _layout(path: Path, members: list[str]) -> list[tuple[str, str, str]]:
    _check_names(path, members, EXPECTED)
    keys = {member.removesuffix(".npy") for member in members}
    for layout in LAYOUTS:
        found = [names for names in layout if keys & set(names[1:])]
        wanted = {key for names in found for key in names[1:]}
        if found and wanted == keys:
            return found
    raise ValueError(f"{path.name}: expected the keys {EXPECTED}, got {_keys(members)}")


def _labels(path: Path, archive: zipfile.ZipFile, images: str, labels: str, classes: Classes) -> list[str]:
    rows = _images_shape(path, archive, f"{images}.npy")[0]
    with archive.open(f"{labels}.npy") as stream:
        _check_labels(path, images, labels, rows, _header(path, archive, f"{labels}.npy", stream))
    with archive.open(f"{labels}.npy") as stream:
        indices = np.lib.format.read_array(stream, allow_pickle=False).reshape(-1)
    names = classes.names
    for row in np.flatnonzero((indices < 0) | (indices >= len(names)))[:1]:
        raise ValueError(
            f"{path.name}: {labels} row {row} is {indices[row]}, expected 0 to {len(names) - 1} ({', '.join(names)})"
        )
    return [names[index] for index in indices]


def _check_labels(path: Path, images: str, labels: str, rows: int, indices: Header) -> None:
    if indices.dtype.kind not in "iu":
        raise ValueError(f"{path.name}: {labels} must be integers, got {indices.dtype}")
    if len(indices.shape) not in (1, 2) or indices.shape[1:] not in ((), (1,)):
        raise ValueError(f"{path.name}: {labels} must have the shape N or N x 1, got {_times(indices.shape)}")
    if indices.shape[0] != rows:
        raise ValueError(f"{path.name}: {images} has {rows} rows and {labels} {indices.shape[0]}, expected as many")


def _images_shape(path: Path, archive: zipfile.ZipFile, member: str) -> tuple[int, ...]:
    with archive.open(member) as stream:
        return _images_header(path, archive, member, stream).shape


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


FORMAT = Npz()
