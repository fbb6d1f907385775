"""What the batched engine promises beyond shape and range: repeatable, each image by itself, scaled by magnitude."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import tensorflow as tf

from tasks.augment import batched
from tasks.augment.recipes import augmenter
from tasks.augment.table import RECIPES, Recipe

SIDE, N = 16, 16
PLAIN = Recipe("batched", "base", 2, 0.3, 0.3)
# Each takes seconds to compile; what randaugment does, randaugment_cutout does too, and test_broad.py runs uncompiled.
LONG = ("randaugment", "broad")
CHANGING = [pytest.param(name, marks=pytest.mark.long) if name in LONG else name for name in RECIPES[1:]]
IMAGES = np.random.default_rng(0).integers(0, 256, (N, SIDE, SIDE, 3)).astype(np.float32)
ALIKE = np.repeat(IMAGES[:1], N, axis=0)
SMOOTH = np.broadcast_to(
    120 + 60 * np.cos(np.linspace(-np.pi, np.pi, SIDE))[:, None, None] * np.array([1, 0.5, -0.5]),
    (N, SIDE, SIDE, 3),
).astype(np.float32)


@cache
def compiled(recipe: str, seed: int = 0):
    """Compiling takes longer than all else, so the tests share it, and one recipe shows that operations can follow."""
    return augmenter(settings(recipe), seed)


def settings(recipe: str, **others: object) -> Recipe:
    return replace(PLAIN, **{"recipe": recipe, "operations": 1 + (recipe == "randaugment_cutout"), **others})


def changed(recipe: str, images: np.ndarray = IMAGES, step: int = 0, seed: int = 0) -> np.ndarray:
    return compiled(recipe, seed)(tf.constant(images), tf.constant(step, tf.int64)).numpy()


def uncompiled(images: np.ndarray, recipe: str, step: int = 0, seed: int = 0, **others: object) -> np.ndarray:
    change = batched.augmenter(settings(recipe, **others), seed, compiled=False)
    return change(tf.constant(images), tf.constant(step, tf.int64)).numpy()


@pytest.mark.parametrize("recipe", CHANGING)
def test_equal_images_of_a_batch_become_different_ones(recipe: str) -> None:
    different = np.unique(changed(recipe, ALIKE).reshape(N, -1), axis=0)
    # Of RandAugment's operations several leave an image as it is, or know no strength.
    assert (
        len(different)
        >= {"base": N, "heavy": N, "broad": N, "randaugment": N // 3, "randaugment_cutout": N - 3}[recipe]
    )


@pytest.mark.parametrize("recipe", ["base", "heavy"])
def test_each_image_has_a_colour_of_its_own(recipe: str) -> None:
    even = np.full((N, SIDE, SIDE, 3), 120, np.float32)  # no warp shows on it
    assert len(np.unique(uncompiled(even, recipe, magnitude=0.1, cutout=0.0).mean(axis=(1, 2, 3)).round(2))) >= N - 1


@pytest.mark.parametrize("recipe", CHANGING)
def test_an_image_is_changed_whatever_its_neighbours_are(recipe: str) -> None:
    other = np.concatenate([IMAGES[:1], 255 - IMAGES[1:]])
    assert (changed(recipe)[0] == changed(recipe, other)[0]).all()


@pytest.mark.parametrize("recipe", CHANGING)
def test_the_result_follows_from_seed_and_step(recipe: str) -> None:
    first = changed(recipe)
    assert (first == changed(recipe)).all()
    assert (first != changed(recipe, step=1)).any()
    assert (first != uncompiled(IMAGES, recipe, seed=1)).any()


@pytest.mark.parametrize("recipe", CHANGING)
def test_a_rising_augmentation_begins_with_none_and_ends_with_all_of_it(recipe: str) -> None:
    change = batched.augmenter(settings(recipe, magnitude=0.8, cutout=0.4), 0, compiled=False, rising=8)
    for step, share in ((0, 0.0), (2, 0.25), (4, 0.5), (8, 1.0), (9, 1.0)):
        same = uncompiled(IMAGES, recipe, step, magnitude=0.8 * share, cutout=0.4 * share)
        assert change(tf.constant(IMAGES), tf.constant(step, tf.int64)).numpy() == pytest.approx(same, abs=0.5)


def test_a_rising_augmentation_compiles_once_for_all_steps() -> None:
    change = augmenter(settings("base"), 0, rising=4)
    for step in (0, 2, 5):
        slow = batched.augmenter(settings("base"), 0, compiled=False, rising=4)
        found = [one(tf.constant(IMAGES), tf.constant(step, tf.int64)).numpy() for one in (change, slow)]
        assert found[0] == pytest.approx(found[1], abs=0.5)


def test_steps_and_seeds_share_no_numbers() -> None:
    results = [uncompiled(ALIKE, "base", step, seed)[0] for step in range(4) for seed in range(4)]
    assert len(np.unique(np.reshape(results, (16, -1)), axis=0)) == 16


@pytest.mark.parametrize("parallel", [1, 2, tf.data.AUTOTUNE])
@pytest.mark.parametrize("recipe", ["randaugment_cutout", "heavy"])
def test_the_bits_are_those_of_eager_use_however_many_threads_read(recipe: str, parallel: int) -> None:
    data = tf.data.Dataset.range(6).map(lambda step: compiled(recipe)(tf.constant(IMAGES), step), parallel)
    for step, batch in enumerate(data):
        assert (batch.numpy() == changed(recipe, step=step)).all()


@pytest.mark.parametrize("recipe", CHANGING)
def test_xla_gives_what_tensorflow_gives(recipe: str) -> None:
    assert changed(recipe, step=3) == pytest.approx(uncompiled(IMAGES, recipe, 3), abs=0.5)


@pytest.mark.parametrize("recipe", ["base", "randaugment_cutout"])
def test_it_compiles_inside_what_is_compiled(recipe: str) -> None:
    around = tf.function(lambda x, step: compiled(recipe)(x, step) / 255, jit_compile=True)
    inside = around(tf.constant(IMAGES), tf.constant(3, tf.int64)).numpy() * 255
    assert inside == pytest.approx(changed(recipe, step=3), abs=0.5)


@pytest.mark.parametrize("n", [1, 5, 14, 15])
@pytest.mark.parametrize("recipe", CHANGING)
def test_batches_of_any_size(recipe: str, n: int) -> None:
    result = uncompiled(IMAGES[:n], recipe)
    assert result.shape == (n, SIDE, SIDE, 3)
    assert np.isfinite(result).all()
    assert any((uncompiled(IMAGES[:n], recipe, step) != IMAGES[:n]).any() for step in range(5))


@pytest.mark.parametrize("recipe", ["base", "heavy"])
def test_a_greater_magnitude_changes_more(recipe: str) -> None:
    def change(magnitude: float) -> float:
        moved = uncompiled(SMOOTH, recipe, magnitude=magnitude, cutout=0.0)
        still = uncompiled(SMOOTH, recipe, magnitude=0.0, cutout=0.0)  # turned and mirrored in the same way
        return float(np.abs(moved - still).mean())

    changes = [change(magnitude) for magnitude in (0.0, 0.05, 0.3, 1.0)]
    assert changes[0] == 0
    assert changes == sorted(changes)
    assert changes[1] < 8
    assert changes[3] > 30


def test_magnitude_0_of_heavy_turns_and_mirrors_and_leaves_colours() -> None:
    y, x = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    round_one = 120 - 60 * np.exp(-(x**2 + y**2)[..., None] / 30) * np.array([1, 0.5, -0.5])
    result = uncompiled(np.repeat(round_one[None].astype(np.float32), N, 0), "heavy", magnitude=0.0, cutout=0.0)
    assert np.abs(result - round_one)[:, x**2 + y**2 < 7**2].max() < 3  # beyond it a turn brings mirrored corners in
    assert len(np.unique(uncompiled(ALIKE, "heavy", magnitude=0.0, cutout=0.0)[:, 0, 0, 0])) > N // 2
