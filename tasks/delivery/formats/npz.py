"""npz: numpy's arrays, read in chunks of rows, so that a member of 400 MB costs the memory of one chunk.

Two layouts: the homework's (`images`, `labels`) and MedMNIST's (`train_images`, `train_labels`, also `val_`, `test_`).
Images are N x H x W x 3, or grey as N x H x W or N x H x W x 1, of numbers in C order; a further channel (x 4, x 2) is
alpha. Labels are numbers, one-hot rows or names (`tasks.delivery.label_array`); `classes` or `class_names`, an array of
strings, may name the numbers. Other keys are refused but for those of our own exports.
"""

import math
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.delivery import label_array
from tasks.delivery.archive import zip_file
from tasks.delivery.container import readable, shown
from tasks.delivery.folders import splits_of
from tasks.delivery.formats import Images, Packed

LAYOUTS = (
    (("", "images", "labels"),),
    tuple((f"{split}:", f"{split}_images", f"{split}_labels") for split in ("train", "val", "test")),
)
NO_HEADER = (SyntaxError, TokenError, TypeError, IndexError, RecursionError, MemoryError)
"""Errors of numpy on a damaged header, which it reads as Python."""
CLASSES = ("classes", "class_names")
BESIDE = {*CLASSES, "splits", "ids"}
"""Keys that may stand beside; the last two are those of `hemaflow export clean`."""
EXPECTED = "images and labels, or {train,val,test}_images and {train,val,test}_labels, and classes beside them"
IMAGES_EXPECTED = "images or {train,val,test}_images"
IMAGE_LIMIT = 256 << 20
"""Bytes of one image: a smear at full sensor size has fewer."""
SHAPES_EXPECTED = "N x H x W x 3 (RGB), N x H x W x 1 or N x H x W (grey), or with alpha N x H x W x 4 or N x H x W x 2"


class Header(NamedTuple):
    """What the start of an npy file says."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    length: int


class Npz(Packed):
    """Rows of `images`, or of `train_images`, `val_images` and `test_images` in this order."""

    title = "an npz"
    suffixes = (".npz",)

    def images(self, path: Path) -> list[Images]:
        """The arrays of images. `images` and MedMNIST's may be there at once, and other keys too.

        Raises ValueError where none is there, for one that is no array of RGB or grey images in C order, and for a
        member that is pickled, damaged, or has another length than its header says.
        """
        with _archive(path) as archive:
            members = archive.namelist()
            _check_names(path, members, IMAGES_EXPECTED)
            found = [(prefix, f"{key}.npy") for layout in LAYOUTS for prefix, key, _ in layout]
            found = [(prefix, member) for prefix, member in found if member in members]
            if not found:
                raise ValueError(f"{path.name}: expected the keys {IMAGES_EXPECTED}, got {_keys(members)}")
            headers = [_images_header(path, archive, member) for _, member in found]
            return [
                Images(*each, header.shape, header.dtype.itemsize) for each, header in zip(found, headers, strict=True)
            ]

    def class_names(self, path: Path) -> list[str] | None:
        """Those of `classes` or `class_names`, else the labels' own where these are names, sorted."""
        with _archive(path) as archive:
            pairs = _layout(path, archive.namelist())
            stated = [key for key in CLASSES if f"{key}.npy" in archive.namelist()]
            if stated:
                return _stated(path, archive, stated)
            if not all(label_array.are_names(_labels_header(path, archive, *pair[1:]).dtype) for pair in pairs):
                return None
            return sorted(
                {name for _, images, labels in pairs for name in _labels(path, archive, images, labels, None)}
            )

    def labels(self, path: Path, names: Sequence[str] | None) -> list[str]:
        """The class of each row.

        Raises ValueError for missing or unknown keys, labels of another type or shape, and one that stands for no name.
        """
        with _archive(path) as archive:
            pairs = _layout(path, archive.namelist())
            return [name for _, images, labels in pairs for name in _labels(path, archive, images, labels, names)]

    def splits(self, path: Path) -> list[str]:
        """Those of `splits`, as in our own exports, else that of the array."""
        with _archive(path) as archive:
            if "splits.npy" not in archive.namelist():
                return super().splits(path)
            with archive.open("splits.npy") as stream:
                header = _header(path, archive, "splits.npy", stream)
            rows = sum(images.shape[0] for images in self.images(path))
            if header.shape != (rows,) or not label_array.are_names(header.dtype):
                found = f"{_times(header.shape)} of {header.dtype}"
                raise ValueError(f"{path.name}: splits must be the names of {rows} splits, got {found}")
            with _named(path):
                label_array.check("splits", header.shape, header.dtype)
                return splits_of(label_array.spelled("splits", _array(archive, "splits")))

    def stream(self, path: Path, images: Images, rows: int) -> Iterator[NDArray[Any]]:
        """The images of one array in order, read-only; grey ones as RGB, grey ones with alpha as RGBA."""
        with _archive(path) as archive, archive.open(images.key) as stream:
            header = _header(path, archive, images.key, stream)
            total, height, width, *channels = header.shape
            for start in range(0, total, rows):
                shape = (min(rows, total - start), height, width, *(channels or [1]))
                read = stream.read(math.prod(shape) * header.dtype.itemsize)
                yield _coloured(np.frombuffer(read, header.dtype).reshape(shape))


def _coloured(images: NDArray[Any]) -> NDArray[Any]:
    """RGB or RGBA of images in any number of channels, (n, height, width, 1 to 4)."""
    number = images.shape[3]
    return images if number > 2 else images[..., [0, 0, 0, 1] if number == 2 else [0, 0, 0]]


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with readable(path), zip_file(path) as archive:
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
        if found and wanted == keys - BESIDE:
            return found
    raise ValueError(f"{path.name}: expected the keys {EXPECTED}, got {_keys(members)}")


def _stated(path: Path, archive: zipfile.ZipFile, keys: list[str]) -> list[str]:
    if len(keys) > 1:
        raise ValueError(f"{path.name}: has both {' and '.join(keys)}, expected one of them")
    with archive.open(f"{keys[0]}.npy") as stream:
        header = _header(path, archive, f"{keys[0]}.npy", stream)
    if len(header.shape) != 1 or header.shape[0] > label_array.MOST or not label_array.are_names(header.dtype):
        raise ValueError(
            f"{path.name}: {keys[0]} must be a list of names, got {_times(header.shape)} of {header.dtype}"
        )
    with _named(path):
        label_array.check(keys[0], header.shape, header.dtype)
        names = label_array.spelled(keys[0], _array(archive, keys[0]))
    if len(set(names)) < len(names):
        raise ValueError(f"{path.name}: {keys[0]} has a name twice, got {', '.join(names)}")
    return names


def _labels(path: Path, archive: zipfile.ZipFile, images: str, labels: str, names: Sequence[str] | None) -> list[str]:
    _labels_header(path, archive, images, labels)
    with _named(path):
        return label_array.named(labels, _array(archive, labels), names)


def _labels_header(path: Path, archive: zipfile.ZipFile, images: str, labels: str) -> Header:
    rows = _images_header(path, archive, f"{images}.npy").shape[0]
    with archive.open(f"{labels}.npy") as stream:
        header = _header(path, archive, f"{labels}.npy", stream)
    with _named(path):
        label_array.check(labels, header.shape, header.dtype)
    if header.shape[0] != rows:
        raise ValueError(f"{path.name}: {images} has {rows} rows and {labels} {header.shape[0]}, expected as many")
    return header


def _array(archive: zipfile.ZipFile, key: str) -> NDArray[Any]:
    with archive.open(f"{key}.npy") as stream:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Puts the file's name before what is wrong with an array."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def _images_header(path: Path, archive: zipfile.ZipFile, member: str) -> Header:
    with archive.open(member) as stream:
        header = _header(path, archive, member, stream)
    if header.dtype.kind not in "uif" or header.dtype.itemsize > 8:
        raise ValueError(f"{path.name}: {member} must be integers or floats of up to 64 bits, got {header.dtype}")
    shape = header.shape
    # Three numbers that end in 3 or 4 are a single colour image, and no grey ones of 3 pixels' width.
    grey = len(shape) == 3 and shape[2] not in (3, 4)
    if not (grey or (len(shape) == 4 and 1 <= shape[3] <= 4)) or 0 in shape[1:]:
        raise ValueError(f"{path.name}: {member} must have the shape {SHAPES_EXPECTED}, got {_times(shape)}")
    if math.prod(shape[1:]) * header.dtype.itemsize > IMAGE_LIMIT:
        raise ValueError(
            f"{path.name}: {member} has images of {_times(shape[1:])}, expected at most {IMAGE_LIMIT} bytes"
        )
    if header.fortran:
        # Its rows lie scattered over the whole member, which a stream cannot reach.
        raise ValueError(f"{path.name}: {member} is in Fortran order, save it as numpy.ascontiguousarray(...)")
    return header


def _header(path: Path, archive: zipfile.ZipFile, member: str, stream: IO[bytes]) -> Header:
    try:
        read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
        shape, fortran, dtype = read[np.lib.format.read_magic(stream)[0]](stream)
    except (ValueError, KeyError, *NO_HEADER) as error:
        raise ValueError(f"{path.name}: {member} is no plain numpy array: {shown(error)}") from error
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
