"""Images that are no cells: what a careless download or a filler image leaves in a class folder."""

import numpy as np

from tasks.demo import shapes
from tasks.demo.shapes import SIDE
from tasks.demo.smear import ImageArray, Pixels

SKY, HAZE, SEA, SUN = (0.35, 0.62, 0.92), (0.85, 0.85, 0.95), (0.10, 0.38, 0.48), (1.0, 0.85, 0.35)
HILLS = ((0.30, 0.48, 0.35), (0.16, 0.36, 0.18))


def landscape(rng: np.random.Generator) -> Pixels:
    """Hills under a low sun, with water in front: uint8 of shape (SIDE, SIDE, 3)."""
    row = np.repeat(np.linspace(0, 1, SIDE, dtype=np.float32)[:, None], SIDE, axis=1)
    image = _painted(np.full((SIDE, SIDE, 3), SKY, np.float32), row, HAZE)
    sun = shapes.plane(rng, rng.uniform(-30, 30), rng.uniform(-30, -15))
    image = _painted(image, shapes.cover(shapes.ellipse(sun, 9, 9)), SUN)
    for height, colour in zip((0.42, 0.55), HILLS, strict=True):
        ridge = np.float32(height) + np.float32(0.14) * shapes.noise(rng, 24)[:1]
        image = _painted(image, shapes.cover((ridge - row) * SIDE), colour)
    waves = np.float32(0.8) + np.float32(0.2) * shapes.noise(rng, 3)
    return _pixels(_painted(image, shapes.cover((np.float32(0.76) - row) * SIDE) * waves, SEA))


def page(rng: np.random.Generator) -> Pixels:
    """A printed page, with a heading, lines of words and a framed figure: uint8 of shape (SIDE, SIDE, 3)."""
    image = np.full((SIDE, SIDE, 3), 0.97, np.float32)
    image[6:12, 8 : int(rng.integers(45, 70))] = 0.1
    for top in range(18, 90, 5):
        left = 8
        while left < 84:
            width = int(rng.integers(3, 11))
            image[top : top + 2, left : min(left + width, 88)] = rng.uniform(0.2, 0.45)
            left += width + 2
    image[52:80, 46:90] = 0.0
    image[53:79, 47:89] = (0.85, 0.9, 0.85)
    for left, height in zip(range(50, 84, 7), rng.integers(4, 22, 5), strict=True):
        image[78 - height : 78, left : left + 4] = (0.8, 0.2, 0.15)
    return _pixels(image)


def _painted(image: ImageArray, cover: shapes.Field, colour: tuple[float, float, float]) -> ImageArray:
    return image + cover[..., None] * (np.asarray(colour, np.float32) - image)


def _pixels(image: ImageArray) -> Pixels:
    return np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)
