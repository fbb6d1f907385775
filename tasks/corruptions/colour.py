"""Corruptions of brightness, contrast and saturation, as curves: hue and, but for the last, HSV's saturation stay.

Each takes an image, float32 (side, side, 3), RGB, 0 to 1, a strength and a generator, and gives the corrupted image
in the same form, not yet clipped. Nothing is drawn.

MedMNIST-C has Pillow's brightness, light times a factor, and Pillow's contrast, the distance from the mean light times
a factor. Both are operations of RandAugment, and the recipe `heavy` draws any such straight line: a network trained on
them would be tested on what it was trained on. Here the same factors bend the line, and no straight one follows a curve
over the tones of a cell.
"""

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tasks.corruptions.kind import DARKEST, LUMA

ImageArray = NDArray[np.float32]

TONE = 0.6
"""At which the factor of brightness holds: the value of a stained nucleus, median 0.58 on real cells."""


def brightness(image: ImageArray, factor: float, rng: Generator) -> ImageArray:
    """HSV's value to a power, by which TONE changes by `factor`: the gamma that MedMNIST-C has for other images.

    Black and white stay what they are.
    """
    red, green, blue = _channels(image)
    value = np.maximum(np.maximum(np.maximum(red, green), blue), DARKEST)
    power = np.log(factor * TONE) / np.log(TONE)
    return np.asarray(image * np.exp(np.float32(power - 1) * np.log(value))[..., None])


def contrast(image: ImageArray, factor: float, rng: Generator) -> ImageArray:
    """The distance from the mean light times `factor`, in logarithms: optical density, thus the strength of the stain.

    A pixel's channels change by one factor, that of its light (ITU-R BT.601, as in Pillow's grey).
    """
    red, green, blue = (np.float32(share) * light for share, light in zip(LUMA, _channels(image), strict=True))
    density = np.log(np.maximum(red + green + blue, DARKEST))
    return np.asarray(image * np.exp(np.float32(factor - 1) * (density - density.mean()))[..., None])


def saturation(image: ImageArray, more: float, rng: Generator) -> ImageArray:
    """`more` added to the saturation of HSV, at most to 1; value and hue stay. Grey counts as red, as in scikit-image.

    scikit-image's way to HSV and back, which MedMNIST-C takes, in one step: at a given hue, what a channel lacks to the
    value is proportional to the saturation.
    """
    red, green, blue = _channels(image)
    value = np.maximum(np.maximum(np.maximum(red, green), blue), DARKEST)
    spread = value - np.minimum(np.minimum(np.minimum(red, green), blue), value)
    grey, lacking = spread == 0, value[..., None] - image
    lacking[grey] = (0, 1, 1)
    lost = value * np.minimum(spread / value + np.float32(more), 1) / np.where(grey, 1, spread)
    return np.asarray(value[..., None] - lost[..., None] * lacking)


def _channels(image: ImageArray) -> Iterator[ImageArray]:
    """Red, green and blue, each (side, side): steps along so short an axis as that of the channels are slow."""
    return (image[..., k] for k in range(3))
