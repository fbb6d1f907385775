"""Corruptions by the lens and the stage: out of focus, and moved during the exposure.

Each takes an image, float32 (side, side, 3), RGB, 0 to 1, a strength and a generator, and gives the corrupted image
in the same form. What is drawn does not depend on the strength. Lengths are shares of the side. Beyond the edge lies
the mirror image, as in OpenCV, which MedMNIST-C calls and which is no part of this project.
"""

from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

ImageArray = NDArray[np.float32]
Kernel = NDArray[np.float32]

HOLE = 0.7
"""Inner radius of the ring by its outer one."""
TURN = np.pi / 4
"""To either side, of the direction of a motion."""
TRAIL = 2.0
"""Length of the trail in its standard deviations."""
FINE = 12
"""Points along a pixel from which a kernel is made."""


def defocus_blur(image: ImageArray, radius: float, rng: Generator) -> ImageArray:
    """Out of focus: a point becomes a ring of that outer `radius`.

    MedMNIST-C (and ImageNet-C) has an even disc. On 96 pixels that is a Gaussian blur, to less than a grey level, and
    that is among the training's augmentations. A ring is what spherical aberration makes of a point out of focus
    (Gibson and Lanni 1992, doi:10.1364/JOSAA.9.000154): it doubles edges, which no Gaussian does.
    """
    return _convolved(image, _ring(radius * len(image)))


def motion_blur(image: ImageArray, deviation: float, rng: Generator) -> ImageArray:
    """A stage that moved: the mean along a trail, which fades like one side of a Gaussian of that `deviation`.

    MedMNIST-C calls ImageMagick with a radius and a deviation, and an angle from -45 to 45 degrees. The trail is twice
    as long as the radius, so twice the deviation at its severities 1 and 2, 2.2 to 4 times at the others; here it is
    always twice. ImageMagick takes whole pixels, too coarse at 96: here the trail is interpolated.
    """
    return _convolved(image, _trail(deviation * len(image), rng.uniform(-TURN, TURN)))


@lru_cache
def _ring(radius: float) -> Kernel:
    """Weights (2 k + 1, 2 k + 1), sum 1: the share of each pixel that the ring covers, `radius` in pixels."""
    reach = int(np.ceil(radius))
    width = 2 * reach + 1
    here = (np.arange(width * FINE) + 0.5) / FINE - width / 2
    distance = np.hypot(here[:, None], here[None, :])
    ring = (distance <= radius) & (distance >= HOLE * radius)
    cover = ring.reshape(width, FINE, width, FINE).mean(axis=(1, 3))
    return (cover / cover.sum()).astype(np.float32)


def _trail(deviation: float, angle: float) -> Kernel:
    """Weights (2 k + 1, 2 k + 1), sum 1, from the middle on in the direction of `angle`, `deviation` in pixels."""
    length = TRAIL * deviation
    time = np.linspace(0, length, int(np.ceil(FINE * length)) + 1)
    reach = int(np.ceil(length))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    weights = np.exp(-0.5 * np.square(time / deviation))
    (top, down), (left, across) = (np.divmod(reach + time * way, 1) for way in (np.sin(angle), np.cos(angle)))
    for y, lower in ((0, 1 - down), (1, down)):
        for x, right in ((0, 1 - across), (1, across)):
            rows, columns = (np.minimum(at + k, 2 * reach).astype(np.int64) for at, k in ((top, y), (left, x)))
            np.add.at(kernel, (rows, columns), weights * lower * right)
    return (kernel / kernel.sum()).astype(np.float32)


def _convolved(image: ImageArray, kernel: Kernel) -> ImageArray:
    """A weighted sum of moved images: kernels are small and mostly 0, so this beats scipy's convolutions."""
    side, reach = len(image), len(kernel) // 2
    wide = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    blurred, moved = np.zeros_like(image), np.empty_like(image)
    for (y, x), weight in np.ndenumerate(kernel):
        if weight:
            np.multiply(wide[2 * reach - y :, 2 * reach - x :][:side, :side], weight, out=moved)
            blurred += moved
    return blurred
