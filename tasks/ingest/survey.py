"""Looks through a delivery before it is decoded: how deep its files are, taken together."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from tasks import depth
from tasks.delivery import raw
from tasks.delivery.formats import Content
from tasks.depth import Depth, Level
from tasks.ingest import deep, png

CHUNK = 64


def levels(folder: Path) -> list[Level]:
    """The levels of a delivery's images of more than 8 bits; those that cannot be read are left out."""
    return of(content for chunk in raw.chunks(folder, CHUNK) for content in chunk)


def of(contents: Iterable[Content]) -> list[Level]:
    """The same of images, the bytes of files or arrays."""
    found = []
    for content in contents:
        with suppress(Exception):  # decoders raise whatever they like, and `ingest` tells it in the image's row
            found.append(_level(content))
    return [level for level in found if level]


def is_deep(content: Content) -> bool:
    """Whether an image has more than 8 bits a value; False for what cannot be read."""
    if isinstance(content, np.ndarray):
        return bool(content.dtype != np.uint8)
    with suppress(Exception):  # decoders raise whatever they like
        return deep.samples(content) is not None
    return False


def settled(found: list[Level], stated: Depth | None) -> Depth | None:
    """The depth of a delivery with these levels, by its entry or found; None where it has no more than 8 bits.

    Raises ValueError where it cannot be told, where the stated one makes most images white or black, and where one is
    stated for a delivery of 8 bits.
    """
    if not found:
        if stated is not None:
            raise ValueError(f"depth {stated} is stated, but no file has more than 8 bits")
        return None
    if stated is None:
        return depth.find(found)
    depth.check(stated, found)
    return stated


def _level(content: Content) -> Level | None:
    if isinstance(content, np.ndarray):
        return None if content.dtype == np.uint8 else depth.level(content[..., :3])
    samples = deep.samples(png.cleaned(content).data if content.startswith(png.SIGNATURE) else content)
    return samples.level() if samples else None
