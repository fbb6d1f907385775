"""Corruptions of the specimen: what lies on the slide with the cell.

Each takes an image, float32 (side, side, 3), RGB, 0 to 1, a strength and a generator, and gives the corrupted image
in the same form. What is drawn does not depend on the strength. Lengths are shares of the side.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

ImageArray = NDArray[np.float32]

MARKS = 3
"""Deposits at most."""
GRAINS = 7
"""Of a deposit."""
INK = 0.9
"""Share of the light that a deposit takes."""
BUBBLES = (7, 12)
SMALLEST, RIM = 3 / 224, 2 / 224
"""Radius of the smallest bubble, width of a rim."""
BODY_LIGHT, RIM_LIGHT = 100 / 255, 130 / 255
"""How far a bubble's body and its rim turn to white."""


def stain_deposit(image: ImageArray, size: float, rng: Generator) -> ImageArray:
    """One to three clumps of dye that dried, dark grains of about `size` in radius, over the image.

    MedMNIST-C multiplies by 1 - ink, with scanned blots from a file of its own, up to 1, 2, 3, 3, 3 of them at the
    severities. That file is no part of this project, so a blot is a union of discs; and how many there are does not
    depend on the severity, which makes them larger.
    """
    marks = rng.integers(1, MARKS, endpoint=True)
    centres = rng.uniform(0.1, 0.9, (MARKS, 1, 2)) + size * rng.normal(size=(MARKS, GRAINS, 2))
    radii = size * rng.uniform(0.3, 1.0, (MARKS, GRAINS))
    depth = _depth(len(image), centres[:marks].reshape(-1, 2), radii[:marks].ravel())
    return np.asarray(image * (1 - np.float32(INK) * _cover(depth))[..., None])


def bubble(image: ImageArray, largest: float, rng: Generator) -> ImageArray:
    """Seven to twelve bubbles of air, pale with paler rims, of radii up to `largest`.

    Sizes and shades are MedMNIST-C's, at the same shares of the side. There it is seven to ten at the first three
    severities; and where bubbles lie upon one another, the last one hides the others, here their outer rim is seen.
    """
    count = rng.integers(*BUBBLES, endpoint=True)
    radii = SMALLEST + (largest - SMALLEST) * rng.uniform(size=BUBBLES[1])[:count]
    centres = radii[:, None] + (1 - 2 * radii[:, None]) * rng.uniform(size=(BUBBLES[1], 2))[:count]
    depth = _depth(len(image), centres, radii)
    rim = np.float32(RIM_LIGHT) * _cover(depth + np.float32(RIM * len(image)))
    white = rim - np.float32(RIM_LIGHT - BODY_LIGHT) * _cover(depth)
    return np.asarray(image + white[..., None] * (1 - image))


def _depth(side: int, centres: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[np.float32]:
    """How deep each pixel lies in a union of discs, in pixels, (side, side); negative outside."""
    here = np.arange(side, dtype=np.float32) + np.float32(0.5)
    down, across = (np.square(here - side * centres[:, k : k + 1].astype(np.float32)) for k in range(2))
    distance = np.sqrt(down[:, :, None] + across[:, None, :])
    return np.asarray((side * radii.astype(np.float32)[:, None, None] - distance).max(axis=0))


def _cover(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Share of a pixel at that depth that lies inside."""
    return np.clip(depth + np.float32(0.5), 0, 1)
