"""The pictures of an npz, streamed in chunks of rows; its labels, if any, are not looked at."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.delivery import npz
from tasks.delivery.container import UNPACKED_LIMIT
from tasks.predict.source import Entry, Source

CHUNK = 16 << 20
"""Bytes that are read at once, if a picture has no more."""
EXPECTED = "images or {train,val,test}_images"


class Images(NamedTuple):
    """An array of pictures in an npz; `prefix` is "" or "train:", ..., `member` names the zip's member."""

    prefix: str
    member: str
    shape: tuple[int, ...]


def source(path: Path, limit: int = UNPACKED_LIMIT) -> Source:
    """Rows of `images` and of `train_images`, `val_images` and `test_images`, named `FILE.npz#ROW`, `...#train:ROW`.

    Raises ValueError where none of these arrays is there, for one that is not N x H x W x 3 of uint8 in C order, for
    more than `limit` bytes in all, and for a damaged file; damage among the pixels shows when they are read.
    """
    found = _images(path)
    size = sum(math.prod(images.shape) for images in found)
    if size > limit:
        raise ValueError(f"{path.name}: unpacks to {size} bytes, expected at most {limit}")
    return Source(sum(images.shape[0] for images in found), 0, partial(_opened, path, found))


def _images(path: Path) -> list[Images]:
    with npz._archive(path) as archive:
        members = archive.namelist()
        if len(set(members)) < len(members):
            raise ValueError(f"{path.name}: two members have one name, expected {EXPECTED}")
        pairs = [(prefix, f"{images}.npy") for layout in npz.LAYOUTS for prefix, images, _ in layout]
        found = [(prefix, member) for prefix, member in pairs if member in members]
        if not found:
            keys = sorted(member.removesuffix(".npy") for member in members)
            raise ValueError(f"{path.name}: expected the keys {EXPECTED}, got {', '.join(keys) or 'none'}")
        shapes = []
        for _, member in found:
            with archive.open(member) as stream:
                shapes.append(npz._images_header(path, archive, member, stream).shape)
    return [Images(*pair, shape) for pair, shape in zip(found, shapes, strict=True)]


def _opened(path: Path, found: list[Images]) -> AbstractContextManager[Iterator[Entry]]:
    return nullcontext(entry for images in found for entry in _rows(path, images))


def _rows(path: Path, images: Images) -> Iterator[Entry]:
    rows = max(1, CHUNK // math.prod(images.shape[1:]))
    row = 0
    for chunk in npz.chunks(path, images.member, rows):
        for picture in chunk:
            yield Entry(f"{path.name}#{images.prefix}{row}", partial(_same, picture), picture.nbytes)
            row += 1


def _same(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return picture
