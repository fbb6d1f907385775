"""A finished model is tested on nothing that it was trained on: no augmentation does what a kind of the benchmark does.

Both have brightness, contrast, saturation and blur, so names say nothing. Each operation of the training is carried out
over all strengths that a training can draw; what comes nearest to the corrupted image is compared with it.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance
from scipy import ndimage

from tasks.augment import blur, colour, geometry, randaugment, strengths
from tasks.corruptions import benchmark
from tasks.demo import cells, smear

DRAWN = (cells.neutrophil, cells.monocyte)
CELLS = [
    smear.photograph(np.random.default_rng(k), draw(np.random.default_rng(k)), smear.MAIN)
    for k, draw in enumerate(DRAWN)
]
SIDE = smear.SIDE
SEEN = np.s_[..., ::2, ::2, :]
"""Pixels that are compared: a quarter says as much."""
ROUNDING = 1 / 12
"""Mean squared error of a value that is rounded."""
STEPS = 81
"""Strengths at which an operation is tried, from one end of what a training can draw to the other."""
SAME, ANOTHER = 0.03, 0.1
"""What the nearest augmentation leaves of a change, root mean square: at most for the same form, at least for another.

Measured: augmentations leave up to 0.018, MedMNIST-C's even discs 0.07 to 0.10, kinds of the benchmark 0.114 and more.
"""


def nearest(k: int, changed: np.ndarray) -> float:
    """How much of the change of CELLS[k], 0 to 1, is left by the augmentation that comes nearest."""
    after = changed[SEEN].astype(np.float32)
    change = np.square(after - CELLS[k][SEEN]).mean()
    left = min(_least(k, after), _linear(k, after), _masked(k, after))
    return float(np.sqrt(max(left - ROUNDING, 0) / change))


def _least(k: int, after: np.ndarray) -> float:
    """What is left by the nearest of the operations with one strength, mean square."""
    changes, squares = _changes(k)
    wanted = (after - CELLS[k][SEEN]).ravel()
    return float((squares - 2 * changes @ wanted + wanted @ wanted).min() / wanted.size)


@lru_cache
def _changes(k: int) -> tuple[np.ndarray, np.ndarray]:
    """What these operations add to CELLS[k], float32 (operations x strengths, values), and the sums of its squares."""
    each = tf.linspace(-1.0, 1.0, STEPS)
    many = tf.constant(np.tile(CELLS[k], (STEPS, 1, 1, 1)), tf.float32)
    results = [geometry.warp(many, matrices(each, SIDE)) for matrices in randaugment.GEOMETRIC.values()]
    results += [operation(many, each) for operation in randaugment.OTHERS.values()]
    results.append(blur.gaussian(many, (each + 1) / 2 * strengths.BLUR * SIDE))
    # What KerasCV calls saturation: that of HSV times 1 / 9 to 9.
    factors = np.geomspace(1 / 9, 9, 3 * STEPS)
    results += [255 * tf.image.adjust_saturation(many[:1] / 255, factor) for factor in factors]
    changes = np.concatenate([(np.clip(result, 0, 255) - CELLS[k])[SEEN] for result in results])
    changes = changes.reshape(len(changes), -1)
    return changes, np.einsum("ij,ij->i", changes, changes)


def _linear(k: int, after: np.ndarray) -> float:
    """What is left, mean square, by the nearest of `heavy`'s colours, `base`'s brightness, KerasCV's contrast.

    Each turn and saturation that `heavy` draws, and with it the contrast and the offsets that fit best; pixels that are
    clipped in the result fit anything.
    """
    matrices, pixels, target = (
        _matrices(),
        CELLS[k][SEEN].reshape(-1, 3).astype(float),
        after.reshape(-1, 3).astype(float),
    )
    free = ((target > 0) & (target < 255)).all(axis=1)
    means = pixels[free].mean(axis=0), target[free].mean(axis=0)
    before, wanted = pixels[free] - means[0], target[free] - means[1]
    along = np.einsum("mij,ji->m", matrices, before.T @ wanted)
    power = np.einsum("mij,jk,mik->m", matrices, before.T @ before, matrices)
    contrast = np.clip(along / power, 1 - strengths.CONTRAST, 1 + strengths.CONTRAST)
    best = np.argsort(contrast**2 * power - 2 * contrast * along)[:8]
    fits = [np.clip(contrast[m] * (pixels - means[0]) @ matrices[m].T + means[1], 0, 255) for m in best]
    return min(float(np.square(fit - target).mean()) for fit in fits)


@lru_cache
def _matrices() -> np.ndarray:
    saturation = 1 + strengths.SATURATION * np.linspace(-1, 1, 33)
    turns = tf.constant(strengths.HUE * np.linspace(-1, 1, 41), tf.float32)
    factors = colour.saturating(tf.constant([0, *saturation], tf.float32))
    return (factors[:, None] @ colour.hue(turns)[None]).numpy().reshape(-1, 3, 3).astype(float)


def _masked(k: int, after: np.ndarray) -> float:
    """What is left by the best of all masks, of whatever shape, that put mid grey in the place of an image."""
    return float(np.minimum(np.square(CELLS[k][SEEN] - after), np.square(strengths.FILL - after)).mean())


def _disc(cell: np.ndarray, radius: float) -> np.ndarray:
    """Defocus as MedMNIST-C has it, an even disc."""
    place = (np.arange(13 * 9) + 0.5) / 9 - 6.5
    disc = (np.hypot(place[:, None], place[None, :]) <= radius).reshape(13, 9, 13, 9).mean(axis=(1, 3))
    return ndimage.convolve(cell.astype(float), (disc / disc.sum())[..., None], mode="mirror")


def _enhanced(enhancer: Callable, factor: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda cell: np.asarray(enhancer(Image.fromarray(cell)).enhance(factor))


SHIFT = (tf.constant([0.0]), tf.constant([0.25 * randaugment.TRANSLATION * SIDE]))
KNOWN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{
        f"MedMNIST-C's brightness {factor}": _enhanced(ImageEnhance.Brightness, factor)
        for factor in (1.1, 1.4, 0.9, 0.5)
    },
    **{f"MedMNIST-C's contrast {factor}": _enhanced(ImageEnhance.Contrast, factor) for factor in (1.1, 1.3, 0.9, 0.5)},
    "Pillow's colour": _enhanced(ImageEnhance.Color, 1.4),
    "added light": lambda cell: cell + 25.0,
    "channel shift": lambda cell: 0.8 * cell + np.array([9.0, -9.0, 20.0]),
    "gaussian blur": lambda cell: blur.gaussian(tf.constant(cell[None], tf.float32), tf.constant([1.0]))[0].numpy(),
    "HSV saturation": lambda cell: tf.image.adjust_saturation(tf.constant(cell / 255), 1.5).numpy() * 255,
    "translation": lambda cell: geometry.warp(tf.constant(cell[None], tf.float32), geometry.translation(*SHIFT))[
        0
    ].numpy(),
    "solarize": lambda cell: np.where(cell < 128, cell, 255 - cell),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_measure_sees_an_augmentation(name: str) -> None:
    for k, cell in enumerate(CELLS):
        assert nearest(k, np.rint(np.clip(KNOWN[name](cell), 0, 255))) < SAME


def test_an_even_disc_would_be_a_gaussian_blur() -> None:
    assert all(nearest(k, np.rint(_disc(cell, 2.1))) < ANOTHER for k, cell in enumerate(CELLS))


@pytest.mark.parametrize("kind", benchmark.KINDS)
def test_no_augmentation_does_what_a_kind_of_the_suite_does(kind: str) -> None:
    for severity in (1, 3, 5):
        for k, corrupted in enumerate(benchmark.corrupt(np.stack(CELLS), kind, severity, ["a", "b"], 0)):
            assert nearest(k, corrupted) > ANOTHER, (severity, k)
