"""Small images inside the page, as data URIs."""

import base64
import io
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from tasks import store

QUALITY = 80


class Thumbnails:
    """Images of the rows of a table by their position in it; read through memory maps, only those asked for."""

    def __init__(self, pixels: store.Arrays, rows: pd.DataFrame, side: int):
        self._pixels, self._places, self._side = pixels, pixels.places(rows), side
        self.uri = cache(self._uri)

    def _uri(self, place: int) -> str:
        (image,) = self._pixels.take(self._places[place : place + 1])
        return f"data:image/webp;base64,{base64.b64encode(encoded(image, self._side)).decode()}"


def encoded(image: NDArray[np.uint8], side: int) -> bytes:
    """A WebP of an RGB image, uint8 (height, width, 3), no side longer than `side`; a smaller one stays as it is.

    WebP rather than JPEG: at 96 pixels a JPEG's tables are a third of its bytes, and every browser reads WebP.
    """
    pillow = Image.fromarray(image)
    pillow.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    pillow.save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()
