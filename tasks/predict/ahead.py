"""Reads and treats entries in threads ahead of the network, in their order and in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.delivery.formats import Content
from tasks.predict.source import Entry

CHUNK = 16
"""Entries that a thread takes at once, fewer where they hold BYTES already."""
BYTES = 16 << 20
AHEAD = 10
"""Chunks under way at once: two batches and a half."""

Treat = Callable[[Content], NDArray[np.uint8]]
"""From what came to an image as the network wants it, uint8 (side, side, 3). Raises ValueError where it cannot."""


class ImageArray(NamedTuple):
    """An entry that was read: its pixels, or why it has none."""

    name: str
    pixels: NDArray[np.uint8] | None
    reason: str


def images(entries: Iterator[Entry], treat: Treat, threads: int) -> Iterator[ImageArray]:
    """An image for each entry, in their order. What the iterator itself raises is raised here."""
    # Pillow loads its rarer formats when it first meets one, and a second thread meanwhile finds neither old nor new.
    Image.init()
    # One thread alone asks for entries, so that chunks are taken in the order in which they are waited for.
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[list[ImageArray]]] = deque()

        def send() -> None:
            waiting.append(pool.submit(_treated, reader.submit(_taken, entries), treat))

        for _ in range(AHEAD):
            send()
        while chunk := waiting.popleft().result():
            send()
            yield from chunk


def _taken(entries: Iterator[Entry]) -> list[Entry]:
    chunk: list[Entry] = []
    held = 0
    for entry in entries:
        chunk.append(entry)
        held += entry.held
        if len(chunk) == CHUNK or held >= BYTES:
            break
    return chunk


def _treated(taken: Future[list[Entry]], treat: Treat) -> list[ImageArray]:
    return [_image(entry, treat) for entry in taken.result()]


def _image(entry: Entry, treat: Treat) -> ImageArray:
    try:
        return ImageArray(entry.name, treat(entry.read()), "")
    except OSError as error:
        return ImageArray(entry.name, None, error.strerror or str(error))
    except ValueError as error:
        return ImageArray(entry.name, None, str(error))
