"""Corruptions on the way into the file: few pixels, strong compression.

Each takes an image, float32 (side, side, 3), RGB, 0 to 1 in steps of 1 / 255, a strength and a generator, and gives
the corrupted image in the same form. Nothing is drawn. Both are MedMNIST-C's code, with its strengths.
"""

import io

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

ImageArray = NDArray[np.float32]


def pixelate(image: ImageArray, share: float, rng: Generator) -> ImageArray:
    """Made smaller, to that `share` of the side, and as large as before, by means over boxes."""
    pillow, side = _image(image), len(image)
    fewer = max(int(side * share), 1)
    return _light(pillow.resize((fewer, fewer), Image.Resampling.BOX).resize((side, side), Image.Resampling.BOX))


def jpeg(image: ImageArray, quality: float, rng: Generator) -> ImageArray:
    """Through JPEG of that `quality`, colours at half the resolution, as Pillow does by default."""
    buffer = io.BytesIO()
    _image(image).save(buffer, "JPEG", quality=int(quality))
    return _light(Image.open(buffer))


def _image(image: ImageArray) -> Image.Image:
    return Image.fromarray(np.rint(image * 255).astype(np.uint8))


def _light(pillow: Image.Image) -> ImageArray:
    return np.asarray(pillow, np.float32) / np.float32(255)
