"""Corruptions on the way into the file on which a model is validated: few levels, waves left out, fields apart.

Each takes an image, float32 (side, side, 3), RGB, 0 to 1, a strength and a generator, and gives the corrupted image
in the same form, not yet clipped. What is drawn does not depend on the strength.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

ImageArray = NDArray[np.float32]

SCALES = 3
"""Of the wavelet transform."""
BAYER = (np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) + np.float32(0.5)) / 16
"""Thresholds of ordered dithering, 0 to 1."""


def dither(image: ImageArray, levels: float, rng: Generator) -> ImageArray:
    """So many levels of each channel, and a pattern of dots for those between (Bayer 1973), from a drawn place on."""
    side, start = len(image), rng.integers(0, len(BAYER), 2)
    place = np.arange(side) % len(BAYER)
    dots = np.roll(BAYER, start, (0, 1))[place[:, None], place[None, :]]
    return np.asarray(np.floor(image * np.float32(levels - 1) + dots[..., None]) / np.float32(levels - 1), np.float32)


def wavelet(image: ImageArray, threshold: float, rng: Generator) -> ImageArray:
    """Haar's wavelets below that `threshold` left out, as strong wavelet compression does it.

    About a random origin, as a cell lies anywhere in the picture that was compressed.
    """
    side, block = len(image), 2**SCALES
    origin = rng.integers(0, block, 2)
    wide = np.pad(image, [*((start, -(start + side) % block) for start in origin), (0, 0)], "symmetric")
    kept = _thresholded(np.asarray(wide, np.float32), threshold, SCALES)
    return kept[origin[0] :, origin[1] :][:side, :side]


def interlace(image: ImageArray, shift: float, rng: Generator) -> ImageArray:
    """Video fields apart: every other row was read later, moved by up to `shift` of the side."""
    first, way = rng.integers(2), rng.choice([-1, 1]) * rng.uniform(0.6, 1)
    side, moved = len(image), image.copy()
    places = np.clip(np.arange(side) + way * shift * side, 0, side - 1)
    left = np.floor(places).astype(np.int64)
    share = (places - left).astype(np.float32)[:, None]
    rows = image[first::2]
    moved[first::2] = (1 - share) * rows[:, left] + share * rows[:, np.minimum(left + 1, side - 1)]
    return moved


def _thresholded(image: ImageArray, threshold: float, scales: int) -> ImageArray:
    """(rows, columns, 3), each a multiple of 2 ** `scales`; a coefficient is the half difference of two means."""
    if not scales:
        return image
    a, b, c, d = (image[y::2, x::2] for y in (0, 1) for x in (0, 1))
    mean = _thresholded(np.float32(0.25) * (a + b + c + d), threshold, scales - 1)
    waves = [(a - b + c - d) / 4, (a + b - c - d) / 4, (a - b - c + d) / 4]
    x, y, xy = (np.where(np.abs(wave) < threshold, np.float32(0), wave) for wave in waves)
    out = np.empty_like(image)
    out[::2, ::2], out[::2, 1::2] = mean + x + y + xy, mean - x + y - xy
    out[1::2, ::2], out[1::2, 1::2] = mean + x - y - xy, mean - x - y + xy
    return out
