"""Corruptions of colour and tone on which a model is validated: other lamps and dyes, and what a camera makes of light.

Each takes an image, float32 (side, side, 3), RGB, 0 to 1, a strength and a generator, and gives the corrupted image
in the same form, not yet clipped. What is drawn does not depend on the strength. None is an affine map of colours, nor
a power of a channel.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tasks.corruptions.kind import DARKEST, LUMA

ImageArray = NDArray[np.float32]

PIVOT = (0.45, 0.7)
"""Where a curve is steepest: between a nucleus and the background."""
KNEE = (0.4, 0.7)
"""Tone at which the lines of a knee meet."""


def spectrum(image: ImageArray, turn: float, rng: Generator) -> ImageArray:
    """A lamp of another spectrum: each hue turns by another angle, at most `turn` of the circle, as metamers do.

    In the plane of colour differences, about the light, which stays.
    """
    phase = rng.uniform(0, 2 * np.pi)
    light = image @ np.array(LUMA, np.float32)
    red, blue = image[..., 0] - light, image[..., 2] - light
    hue, chroma = np.arctan2(red, blue), np.hypot(red, blue)
    turned = hue + 2 * np.pi * turn * np.sin(2 * hue + phase)
    red, blue = light + chroma * np.sin(turned), light + chroma * np.cos(turned)
    green = (light - LUMA[0] * red - LUMA[2] * blue) / LUMA[1]
    return np.stack([red, green, blue], axis=2).astype(np.float32)


def fading(image: ImageArray, loss: float, rng: Generator) -> ImageArray:
    """A stain that faded in the light: thin dye first, so optical density sinks more the less there is.

    The dyes fade at different rates, drawn for each channel: up to `loss` of the density.
    """
    rates = loss * rng.uniform(0.3, 1.0, 3).astype(np.float32)
    density = -np.log(np.maximum(image, DARKEST))
    left = 1 - rates * np.exp(-np.square(density / 0.45))
    return np.asarray(np.where(image > 0, np.exp(-density * left), 0), np.float32)


def s_curve(image: ImageArray, steepness: float, rng: Generator) -> ImageArray:
    """A film's curve: contrast in the middle, none at the ends; a logistic function through black and white."""
    pivot = rng.uniform(*PIVOT)
    low, high = (1 / (1 + np.exp(-steepness * (end - pivot))) for end in (0.0, 1.0))
    return np.asarray((1 / (1 + np.exp(-steepness * (image - pivot))) - low) / (high - low), np.float32)


def knee(image: ImageArray, reach: float, rng: Generator) -> ImageArray:
    """A camera's knee: two straight lines that meet off the diagonal, `reach` of the way to white, or to black."""
    bend, bright = rng.uniform(*KNEE), rng.random() < 0.5
    height = bend + reach * (1 - bend) if bright else bend * (1 - reach)
    below, above = image * (height / bend), height + (image - bend) * ((1 - height) / (1 - bend))
    return np.asarray(np.where(image < bend, below, above), np.float32)
