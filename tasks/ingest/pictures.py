"""One delivered picture: its pixels in the set, and its row in the table."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks import store
from tasks.delivery.formats import Content
from tasks.ingest.decode import UnreadableError, content_id, decode, fit
from tasks.ingest.measures import measures
from tasks.ingest.phash import phash
from tasks.ingest.settings import Ingest

Record = dict[str, Any]


class Batch(NamedTuple):
    """Pictures as ingested, in order."""

    pixels: NDArray[np.uint8]  # (n, image_size, image_size, 3)
    hashes: NDArray[np.uint8]  # (n, 8, hash_size ** 2 / 8): packed, an orientation each
    records: list[Record]


def ingest_batch(batch: Sequence[Content], settings: Ingest) -> Batch:
    """What is kept of each picture, in order.

    A file that cannot be decoded has zeros for pixels and, in its record, the reason and its detail.
    """
    size = settings.image_size
    pixels = np.zeros((len(batch), size, size, 3), np.uint8)
    records = [_ingest(given, pixels[place], settings) for place, given in enumerate(batch)]
    for record, measured in zip(records, measures(pixels), strict=True):
        record.update(measured)
        if record["drop_reason"]:
            record.update(background="", acquisition_batch="")
    return Batch(pixels, np.packbits(phash(pixels, settings.hash_size), axis=2), records)


def _ingest(given: Content, place: NDArray[np.uint8], settings: Ingest) -> Record:
    """The record of one picture, whose pixels are written to `place`."""
    size = len(given) if isinstance(given, bytes) else given.nbytes
    try:
        decoded = decode(given) if isinstance(given, bytes) else given
    except UnreadableError as error:
        return _record(given, 0, 0, size, store.UNREADABLE, str(error))
    place[:] = fit(decoded, settings.crop, settings.image_size)
    return _record(decoded, decoded.shape[0], decoded.shape[1], size, "", "")


def _record(content: Content, height: int, width: int, size: int, reason: str, detail: str) -> Record:
    return {
        "id": content_id(content),
        "height": height,
        "width": width,
        "file_bytes": size,
        "drop_reason": reason,
        "detail": detail,
    }
