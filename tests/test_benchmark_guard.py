"""A finished model is tested on nothing that it was trained on: no augmentation does what a kind of the benchmark does.

Both have brightness, contrast, saturation and blur, so names say nothing. Each operation of the training is carried out
over all strengths that a training can draw; what comes nearest to the corrupted image is compared with it.
"""

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance
from scipy import ndimage

from tasks.augment import blur, broad, geometry, randaugment
from tasks.corruptions import benchmark, validation
from tests.support.nearest import ANOTHER, CELLS, COARSE, FACTORS, SAME, SIDE, nearest, nearest_broad


def _disc(cell: np.ndarray, radius: float) -> np.ndarray:
    """Defocus as MedMNIST-C has it, an even disc."""
    place = (np.arange(13 * 9) + 0.5) / 9 - 6.5
    disc = (np.hypot(place[:, None], place[None, :]) <= radius).reshape(13, 9, 13, 9).mean(axis=(1, 3))
    return ndimage.convolve(cell.astype(float), (disc / disc.sum())[..., None], mode="mirror")


def _enhanced(enhancer: Callable, factor: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda cell: np.asarray(enhancer(Image.fromarray(cell)).enhance(factor))


BROAD: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "power": lambda cells: 255 * (tf.maximum(cells, 1.0) / 255) ** tf.constant([1.5, 1.2, 1.7]),
    "dyes": lambda cells: broad.stained(cells, tf.constant([[1.3, 0.7, 1.0]]), tf.zeros((1, 3))),
    "few pixels": lambda cells: blur.separable(
        cells, *[broad.shrunk(tf.constant(FACTORS[7:8], tf.float32), tf.constant([0.25]), SIDE)] * 2
    ),
    "blocks": lambda cells: broad.coarse(cells, tf.constant(COARSE[60:61], tf.float32)),
    "scale": lambda cells: geometry.warp(cells, geometry.scaling(tf.constant([1.3]), tf.constant([1.3]))),
    "long blur": lambda cells: blur.gaussian(cells, tf.constant([3.0]), tf.constant([1.5])),
}
"""Changes that `broad` alone makes."""


@pytest.mark.parametrize("name", BROAD)
def test_the_measure_sees_what_broad_does(name: str) -> None:
    for k, cell in enumerate(CELLS):
        changed = BROAD[name](tf.constant(cell[None], tf.float32))[0].numpy()
        assert nearest_broad(k, np.rint(np.clip(changed, 0, 255))) < ANOTHER


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


KINDS = [(benchmark, kind) for kind in benchmark.KINDS] + [(validation, kind) for kind in validation.KINDS]


@pytest.mark.parametrize(("module", "kind"), KINDS, ids=[kind for _, kind in KINDS])
def test_no_augmentation_does_what_a_kind_does(module: ModuleType, kind: str) -> None:
    drawn = (["a", "b"], 0) if module is benchmark else (np.array([1, 2], np.uint64),)
    for severity in (1, 3, 5):
        for k, corrupted in enumerate(module.corrupt(np.stack(CELLS), kind, severity, *drawn)):
            assert nearest(k, corrupted) > ANOTHER, (severity, k)
            assert nearest_broad(k, corrupted) > ANOTHER, (severity, k)
