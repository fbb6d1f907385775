"""Corruptions on the way into the file: few pixels, strong compression.

Each takes a picture, float32 (side, side, 3), RGB, 0 to 1 in steps of 1 / 255, a strength and a generator, and gives
the corrupted picture in the same form. Nothing is drawn. Both are MedMNIST-C's code, with its strengths.
"""

import io

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.float32]


def pixelate(picture: Picture, share: float, rng: Generator) -> Picture:
    """Made smaller, to that `share` of the side, and as large as before, by means over boxes."""
    image, side = _image(picture), len(picture)
    fewer = max(int(side * share), 1)
    return _light(image.resize((fewer, fewer), Image.Resampling.BOX).resize((side, side), Image.Resampling.BOX))


def jpeg(picture: Picture, quality: float, rng: Generator) -> Picture:
    """Through JPEG of that `quality`, colours at half the resolution, as Pillow does by default."""
    buffer = io.BytesIO()
    _image(picture).save(buffer, "JPEG", quality=int(quality))
    return _light(Image.open(buffer))


def _image(picture: Picture) -> Image.Image:
    return Image.fromarray(np.rint(picture * 255).astype(np.uint8))


def _light(image: Image.Image) -> Picture:
    return np.asarray(image, np.float32) / np.float32(255)
