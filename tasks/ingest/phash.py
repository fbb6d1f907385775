"""Perceptual hashes of whole batches, equal to imagehash's bit by bit."""

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from PIL import Image

OVERSAMPLING = 4
"""imagehash's `highfreq_factor`: the cosine transform is taken of a picture this many times the hash's side."""


def phash(pixels: NDArray[np.uint8], hash_size: int) -> NDArray[np.bool_]:
    """Hashes, bool (n, hash_size ** 2), of RGB pictures, uint8 (n, height, width, 3).

    The low frequencies of the cosine transform of the grey picture, each compared with their median (Zauner 2010,
    "Implementation and Benchmarking of Perceptual Image Hash Functions"). The bits are those of
    `imagehash.phash(image, hash_size)`, row by row. On a picture without structure they follow from rounding alone.
    """
    if len(pixels) == 0:
        return np.zeros((0, hash_size**2), bool)
    small = np.stack([_grey(picture, hash_size * OVERSAMPLING) for picture in pixels]).astype(np.float64)
    low = scipy.fft.dctn(small, axes=(1, 2))[:, :hash_size, :hash_size].reshape(len(pixels), -1)
    return low > np.median(low, axis=1, keepdims=True)


def to_hex(hashes: NDArray[np.bool_]) -> list[str]:
    """A hash as text, as `str(imagehash.ImageHash)` writes it."""
    return [row.tobytes().hex() for row in np.packbits(hashes, axis=1)]


def _grey(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(picture).convert("L").resize((side, side), Image.Resampling.LANCZOS))
