"""Corruptions of the specimen on which a model is validated: what lies in the way, and another scale.

Each takes an image, float32 (side, side, 3), RGB, 0 to 1, a strength and a generator, and gives the corrupted image
in the same form, not yet clipped. What is drawn does not depend on the strength. Lengths are shares of the side.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

ImageArray = NDArray[np.float32]

INK = 0.8
"""Share of the light that the middle of a fibre takes."""
BEND = 0.35
"""How far a fibre bends from a straight line at most."""
POINTS = 64
"""Of a fibre's curve."""
SPECKS = 5
"""Of dust, at most."""
SMALLEST, LARGEST = 0.06, 0.16
"""Radius of a speck of dust out of focus."""


def fibre(image: ImageArray, width: float, rng: Generator) -> ImageArray:
    """A dark thread across the image, of that `width`, along an arc."""
    angle, bend, middle = rng.uniform(0, np.pi), rng.uniform(-BEND, BEND), rng.uniform(0.25, 0.75, 2)
    along = np.linspace(-1, 1, POINTS)
    line = np.array([np.cos(angle), np.sin(angle)])
    curve = middle + along[:, None] * line + bend * np.square(along)[:, None] * line[::-1] * (1, -1)
    here = (np.arange(len(image)) + 0.5) / len(image)
    down, across = (here[:, None, None] - curve[:, 1], here[None, :, None] - curve[:, 0])
    distance = np.sqrt((np.square(down) + np.square(across)).min(axis=2))
    return np.asarray(image * (1 - INK * np.exp(-0.5 * np.square(distance / width)))[..., None], np.float32)


def shadow(image: ImageArray, depth: float, rng: Generator) -> ImageArray:
    """Up to SPECKS specks of dust on the sensor's window, out of focus: soft discs that take `depth` of the light."""
    count = rng.integers(2, SPECKS, endpoint=True)
    centres, radii = rng.uniform(size=(SPECKS, 2)), rng.uniform(SMALLEST, LARGEST, SPECKS)
    here, light = (np.arange(len(image)) + 0.5) / len(image), np.ones(image.shape[:2])
    for (y, x), radius in zip(centres[:count], radii[:count], strict=True):
        distance = np.hypot(here[:, None] - y, here[None, :] - x)
        light *= 1 - depth / (1 + np.exp((distance - radius) / (0.15 * radius)))
    return np.asarray(image * light[..., None], np.float32)


def magnification(image: ImageArray, factor: float, rng: Generator) -> ImageArray:
    """Another objective: `factor` times as large, or as small, about a drawn centre, with a mirrored edge."""
    back = 1 / factor if rng.random() < 0.5 else factor
    offset = (rng.uniform(0.4, 0.6, 2) * len(image) - 0.5) * (1 - back)
    channels = [
        ndimage.affine_transform(image[..., k], [back, back], offset, order=1, mode="reflect") for k in range(3)
    ]
    return np.stack(channels, axis=2)
