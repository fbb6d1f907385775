"""One delivered picture: its pixels in the set, and its row in the table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.ingest.decode import UnreadableError, content_id, decode, fit
from tasks.ingest.phash import phash, to_hex
from tasks.ingest.settings import Ingest

Record = dict[str, Any]
Delivered = bytes | NDArray[np.uint8]
"""What came: the bytes of a file, or decoded pixels, uint8 (height, width, 3)."""


def ingest_batch(batch: Sequence[Delivered], settings: Ingest) -> tuple[NDArray[np.uint8], list[Record]]:
    """Pixels, uint8 (n, image_size, image_size, 3), and a record each, in order.

    A file that cannot be decoded has zeros for pixels and, in its record, the reason and its detail.
    """
    size = settings.image_size
    pixels = np.zeros((len(batch), size, size, 3), np.uint8)
    records = [_ingest(given, pixels[place], settings) for place, given in enumerate(batch)]
    hashes = to_hex(phash(pixels, settings.hash_size))
    contrast = pixels.mean(axis=3).std(axis=(1, 2))
    for record, text, deviation in zip(records, hashes, contrast, strict=True):
        record.update(phash=text, contrast=float(deviation))
    return pixels, records


def _ingest(given: Delivered, place: NDArray[np.uint8], settings: Ingest) -> Record:
    """The record of one picture, whose pixels are written to `place`."""
    size = len(given) if isinstance(given, bytes) else given.nbytes
    try:
        decoded = decode(given) if isinstance(given, bytes) else given
    except UnreadableError as error:
        return _record(given, 0, 0, size, "unreadable", str(error))
    place[:] = fit(decoded, settings.crop, settings.image_size)
    return _record(decoded, decoded.shape[0], decoded.shape[1], size, "", "")


def _record(content: Delivered, height: int, width: int, size: int, reason: str, detail: str) -> Record:
    return {
        "id": content_id(content),
        "height": height,
        "width": width,
        "file_bytes": size,
        "reason": reason,
        "detail": detail,
    }
