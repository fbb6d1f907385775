"""One delivered image: its pixels in the set, and its row in the table."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks import store
from tasks.delivery.formats import Content
from tasks.depth import Depth
from tasks.ingest.decode import TransparentError, UnreadableError, content_id, decoded, fit, side_of
from tasks.ingest.measures import measures
from tasks.ingest.phash import phash
from tasks.ingest.views import clipped, thumbnail, views

Record = dict[str, Any]


class Treatment(NamedTuple):
    """How the images of one delivery are read and cut out."""

    image_size: int
    hash_size: int
    crop: int
    own_crop: bool = False  # whether the crop is the delivery's own
    depth: Depth | None = None  # of values of more than 8 bits; None: as each image alone tells it


class Batch(NamedTuple):
    """Images as ingested, in order."""

    pixels: NDArray[np.uint8]  # (n, image_size, image_size, 3)
    views: NDArray[np.uint8]  # (n, views, side, side): grey
    hashes: NDArray[np.uint8]  # (n, views, 8, hash_size ** 2 / 8): packed, an orientation each
    records: list[Record]


def ingest_batch(batch: Sequence[Content], treatment: Treatment) -> Batch:
    """What is kept of each image, in order.

    A file that cannot be decoded has zeros for pixels and, in its record, the reason and its detail.
    """
    size = treatment.image_size
    pixels = np.zeros((len(batch), size, size, 3), np.uint8)
    found = [_ingest(given, pixels[place], treatment) for place, given in enumerate(batch)]
    for (record, seen), measured in zip(found, measures(pixels), strict=True):
        record.update(measured, clipped=clipped(seen[0]))
        if record["drop_reason"]:
            record.update(background="", acquisition_batch="")
    return Batch(pixels, *_viewed([seen for _, seen in found], treatment.hash_size), [record for record, _ in found])


def _viewed(seen: list[list[Image.Image]], hash_size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Thumbnails and packed hashes of all views of each image."""
    thumbnails = np.array([[thumbnail(view, store.VIEW_SIDE) for view in of] for of in seen])
    hashes = [np.packbits(phash(view, hash_size), axis=2) for view in zip(*seen, strict=True)]
    return thumbnails, np.stack(hashes, axis=1)


def _ingest(given: Content, place: NDArray[np.uint8], treatment: Treatment) -> tuple[Record, list[Image.Image]]:
    """The record and the views of one image, whose pixels are written to `place`."""
    size = len(given) if isinstance(given, bytes) else given.nbytes
    try:
        pixels, notes = decoded(given, treatment.depth)
    except UnreadableError as error:
        reason = store.TRANSPARENT if isinstance(error, TransparentError) else store.UNREADABLE
        return _record(given, (0, 0), size, reason, str(error)), views(place, place)
    height, width = pixels.shape[:2]
    cut = (treatment.crop, treatment.image_size, treatment.own_crop)
    place[:] = fit(pixels, *cut)
    record = _record(pixels, (height, width), size, decoding="; ".join(notes), crop=side_of(height, width, *cut))
    return record, views(pixels, place)


def _record(
    content: Content,
    shape: tuple[int, int],
    size: int,
    reason: str = "",
    detail: str = "",
    decoding: str = "",
    crop: int = 0,
) -> Record:
    return {
        "id": content_id(content),
        "height": shape[0],
        "width": shape[1],
        "file_bytes": size,
        "crop": crop,
        "decoding": decoding,
        "drop_reason": reason,
        "detail": detail,
    }
