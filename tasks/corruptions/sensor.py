"""Corruptions that happen in the camera: few photons, defect pixels, a shutter that reads row by row.

Each takes an image, float32 (side, side, 3), RGB, 0 to 1, a strength and a generator, and gives the corrupted image
in the same form, not yet clipped. Where the amount of noise allows it, what is drawn does not depend on the strength.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

ImageArray = NDArray[np.float32]

PERIODS = (4.0, 12.0)
"""How many periods of the flicker fall into the time in which the sensor is read."""


def flicker(image: ImageArray, depth: float, rng: Generator) -> ImageArray:
    """Bands of a flickering lamp behind a rolling shutter: rows, or columns of a turned camera, gain and lose `depth`.

    Each row sees the light of its own time (Sheinin et al. 2018, "Rolling shutter imaging on the electric grid").
    """
    periods, phase, turned = rng.uniform(*PERIODS), rng.uniform(0, 2 * np.pi), rng.random() < 0.5
    time = np.linspace(0, 2 * np.pi * periods, len(image), dtype=np.float32)
    gain = 1 + depth * np.sin(time + np.float32(phase))
    return image * (gain[None, :, None] if turned else gain[:, None, None])


def shot_noise(image: ImageArray, photons: float, rng: Generator) -> ImageArray:
    """Poisson counts of `photons` at full light: the noise grows with the root of the light.

    ImageNet-C (arXiv:1903.12261). The severer, the fewer photons.
    """
    return (rng.poisson(image * photons) / photons).astype(np.float32)


def impulse_noise(image: ImageArray, share: float, rng: Generator) -> ImageArray:
    """Dead and hot pixels, half of each, `share` in all; behind its colour filter a pixel is lost for one colour.

    ImageNet-C (arXiv:1903.12261), which calls skimage's `random_noise` with mode "s&p".
    """
    draw = rng.random(image.shape, np.float32)
    return np.where(draw < share / 2, np.float32(0), np.where(draw > 1 - share / 2, np.float32(1), image))
