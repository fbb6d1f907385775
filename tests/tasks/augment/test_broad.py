"""The recipe `broad`, uncompiled: each family by itself, to its share of the images; test_batched.py compiles it."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tasks.augment import batched, blur, broad
from tasks.augment.table import FAMILIES, Recipe

SIDE, N = 16, 40
ALL = Recipe("batched", "broad", 0, 1.0, 0.5)
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(30, 220, (N, SIDE, SIDE, 3)).astype(np.float32)
ALIKE = np.repeat(IMAGES[:1], N, axis=0)
SHARES = {
    "geometry": 1.0, "colour": 1 - 0.65**2, "occlusion": 1 - 0.85 * 0.65, "light": 1 - 0.75 * 0.8, "blur": 0.4,
    "noise": 0.35, "tone": 1 - 0.65**2 * (1 - 0.4 * 5 / 6), "digital": 1 - 0.75**2,
}  # fmt: skip
"""Of the images that each family changes at magnitude 1: one of six tone operations is none."""


def changed(images: np.ndarray, recipe: Recipe = ALL, step: int = 0, seed: int = 0) -> np.ndarray:
    change = batched.augmenter(recipe, seed, compiled=False)
    return change(tf.constant(images), tf.constant(step, tf.int64)).numpy()


def only(family: str, **others: object) -> Recipe:
    return replace(ALL, without=tuple(one for one in FAMILIES if one != family), **others)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_alone_changes_its_share_of_the_images_each_in_its_own_way(family: str) -> None:
    results = np.concatenate([changed(ALIKE, only(family), step) for step in range(10)])
    assert (results.min(), results.max()) >= (0, 0)
    assert results.max() <= 255
    touched = (np.abs(results - ALIKE[0]) > 0.01).any(axis=(1, 2, 3))
    assert touched.mean() == pytest.approx(SHARES[family], abs=0.09)  # of 400, some of zero strength
    assert len(np.unique(results[touched].reshape(touched.sum(), -1), axis=0)) > 0.8 * touched.sum()


@pytest.mark.parametrize("family", [family for family in FAMILIES if family not in ("geometry", "tone", "occlusion")])
def test_magnitude_0_of_a_family_changes_nothing(family: str) -> None:
    assert changed(IMAGES, only(family, magnitude=0.0)) == pytest.approx(IMAGES, abs=2.0)  # rounded by the blocks


def test_without_any_family_nothing_changes() -> None:
    assert (changed(IMAGES, replace(ALL, without=FAMILIES)) == IMAGES).all()


def test_the_result_follows_from_the_image_seed_and_step() -> None:
    first = changed(IMAGES)
    assert (first == changed(IMAGES)).all()
    assert (first != changed(IMAGES, step=1)).any()
    assert (first != changed(IMAGES, seed=1)).any()
    other = np.concatenate([IMAGES[:1], 255 - IMAGES[1:]])
    assert changed(other)[0] == pytest.approx(first[0], abs=1e-3)


@pytest.mark.parametrize("n", [1, 5, 14])
def test_batches_of_any_size(n: int) -> None:
    result = changed(IMAGES[:n])
    assert result.shape == (n, SIDE, SIDE, 3)
    assert np.isfinite(result).all()


def test_the_usual_amount_of_each_dye_is_the_image() -> None:
    same = broad.stained(tf.constant(IMAGES), tf.ones((N, 3)), tf.zeros((N, 3))).numpy()
    assert same == pytest.approx(IMAGES, abs=0.01)
    more = broad.stained(tf.constant(IMAGES), tf.fill((N, 3), 1.5), tf.zeros((N, 3))).numpy()
    assert more == pytest.approx(255 * (IMAGES / 255) ** 1.5, abs=0.01)  # all dyes alike: optical density times 1.5


@pytest.mark.parametrize("side", [12, 50, 96])
def test_blocks_are_transformed_and_back_without_a_loss(side: int) -> None:
    images = RNG.integers(0, 256, (2, side, side, 3)).astype(np.float32)
    assert broad.coarse(tf.constant(images), tf.zeros(2)).numpy() == pytest.approx(images, abs=4)  # of steps of 1
    coarse = broad.coarse(tf.constant(images), tf.constant([0.0, 100.0])).numpy()
    assert np.square(coarse - images).mean(axis=(1, 2, 3))[1] > 100


def test_few_pixels_keep_the_mean_and_lose_what_is_fine() -> None:
    weights = broad.shrunk(tf.constant([1.0, 2.0, 6.0]), tf.constant([0.0, 0.3, 0.7]), 48)
    assert weights.numpy().sum(axis=2) == pytest.approx(1, abs=1e-5)
    images = RNG.normal(128, 30, (3, 48, 48, 3)).astype(np.float32)
    left = blur.separable(tf.constant(images), weights, weights).numpy().std(axis=(1, 2, 3))
    assert left[0] > left[1] > left[2]
    assert left[2] < 10
