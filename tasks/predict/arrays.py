"""The images of a file that holds them as arrays, streamed in chunks of rows; labels, if any, are not looked at."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tasks.delivery.container import UNPACKED_LIMIT
from tasks.delivery.formats import Images, Packed, sources_of
from tasks.predict.source import Entry, Source

CHUNK = 16 << 20
"""Bytes that are read at once, if an image has no more."""


def source(path: Path, form: Packed, limit: int = UNPACKED_LIMIT) -> Source:
    """Its rows, under the names that a delivery of it gives them.

    Raises ValueError as `form.images` does, and for more than `limit` bytes in all; damage among the pixels shows when
    they are read.
    """
    found = form.measured(path, limit)
    return Source(sum(images.shape[0] for images in found), 0, partial(_opened, path, form, found))


def _opened(path: Path, form: Packed, found: list[Images]) -> AbstractContextManager[Iterator[Entry]]:
    return nullcontext(entry for images in found for entry in _rows(path, form, images))


def _rows(path: Path, form: Packed, images: Images) -> Iterator[Entry]:
    names = sources_of(path, images)
    for chunk in form.stream(path, images, max(1, CHUNK // (math.prod(images.shape[1:]) * images.itemsize))):
        for image in chunk:
            yield Entry(next(names), partial(_same, image), image.nbytes)


def _same(image: NDArray[Any]) -> NDArray[Any]:
    return image
