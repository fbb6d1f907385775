"""Takes out of a PNG what is no pixel and may keep Pillow from reading it: large or damaged text and colour profiles.

Pillow gives up on text that unpacks to more than its limits, and on a wrong checksum even of a chunk that says nothing
about the pixels. Nothing is unpacked beyond the limits here.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT = {b"tEXt", b"zTXt", b"iTXt"}
TEXT_LIMIT, ALL_TEXT_LIMIT = 1 << 20, 32 << 20
"""Bytes of text that stay, of one chunk and of all; Pillow takes as much in one, and twice as much in all."""
PROFILE_LIMIT = 16 << 20
"""Bytes of the largest colour profile that is read; published ones of printers have up to 3 MB."""


class Cleaned(NamedTuple):
    """A PNG that Pillow reads; `profile` is what it would not, b"" for one that cannot be read either."""

    data: bytes
    profile: bytes | None


def cleaned(data: bytes) -> Cleaned:
    """The same bytes where there is nothing to take out. What is no PNG, or cut short, is left to Pillow."""
    kept, profile, text = [SIGNATURE], None, 0
    for kind, chunk in _chunks(data):
        size = _text_size(kind, chunk[8:-4]) if kind in TEXT else 0
        text += size
        read = _profile(chunk) if kind == b"iCCP" else None
        if read is not None and not 0 < len(read) <= TEXT_LIMIT:
            profile = read
        elif _says_pixels(kind) or (_is_whole(chunk) and size <= TEXT_LIMIT and text <= ALL_TEXT_LIMIT):
            kept.append(chunk)
    whole = b"".join(kept)
    return Cleaned(data if len(whole) == len(data) else whole, profile)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk with its kind; what follows the last one comes as part of it."""
    position, kind = len(SIGNATURE), b""
    while position < len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8].ljust(8, b"\0"))
        end = len(data) if kind == b"IEND" else position + 12 + length
        yield kind, data[position:end]
        position = end


def _says_pixels(kind: bytes) -> bool:
    """Whether a chunk bears on the pixels: those that the format calls critical, and transparency."""
    return kind == b"tRNS" or not kind[:1].islower()


def _is_whole(chunk: bytes) -> bool:
    return zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")


def _text_size(kind: bytes, content: bytes) -> int:
    """Bytes of the text, TEXT_LIMIT + 1 for more or for text that cannot be unpacked."""
    head, _, rest = content.partition(b"\0")
    if kind == b"tEXt" or (kind == b"iTXt" and rest[:1] == b"\0"):
        return len(content)
    packed = rest[1:] if kind == b"zTXt" else rest[2:].split(b"\0", 2)[-1]
    unpacked = _unpacked(packed, TEXT_LIMIT)
    return TEXT_LIMIT + 1 if unpacked is None else len(head) + len(unpacked)


def _profile(chunk: bytes) -> bytes:
    """The profile, b"" for one that is damaged or too large."""
    packed = chunk[8:-4].partition(b"\0")[2][1:]
    unpacked = _unpacked(packed, PROFILE_LIMIT) if _is_whole(chunk) else None
    return b"" if unpacked is None or len(unpacked) > PROFILE_LIMIT else unpacked


def _unpacked(packed: bytes, limit: int) -> bytes | None:
    """At most one byte more than `limit`; None for damaged data."""
    try:
        return zlib.decompressobj().decompress(packed, limit + 1)
    except zlib.error:
        return None
