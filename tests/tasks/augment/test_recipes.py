"""Both engines, through `augmenter`; what the batched one promises beyond that stands in test_batched.py."""

import subprocess
import sys
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import tensorflow as tf

from tasks.augment.recipes import augmenter
from tasks.augment.table import ENGINES, FAMILIES, FAMILY, OF_ENGINE, RECIPES, STEPS, Name, Recipe, Step

SIDE = 24
PLAIN = Recipe("batched", "base", 1, 0.3, 0.3)
IMAGES = np.random.default_rng(0).integers(0, 256, (6, SIDE, SIDE, 3)).astype(np.float32)
ALL = [(engine, recipe) for engine in ENGINES for recipe in OF_ENGINE[engine]]
SLOW = (("batched", "randaugment"), ("batched", "broad"))
"""They take seconds to compile; batched-randaugment_cutout has the steps of the one, test_broad.py tests the other."""


@pytest.mark.parametrize(
    ("engine", "recipe"),
    [pytest.param(*each, id="-".join(each), marks=[pytest.mark.long] * (each in SLOW)) for each in ALL],
)
def test_batches_keep_shape_dtype_and_range_in_tf_data(engine: str, recipe: str) -> None:
    change = augmenter(replace(PLAIN, engine=engine, recipe=recipe, magnitude=1.0), 0)
    data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(4).enumerate().map(lambda step, x: change(x, step))
    assert data.element_spec.shape.as_list() == [None, SIDE, SIDE, 3]
    batches = [batch.numpy() for batch in data]
    assert [batch.shape for batch in batches] == [(4, SIDE, SIDE, 3), (2, SIDE, SIDE, 3)]
    together = np.concatenate(batches)
    assert together.dtype == np.float32
    assert together.min() >= 0
    assert together.max() <= 255
    assert (together == IMAGES).all() == (recipe == "none")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("recipe", ["randaugment", "randaugment_cutout"])
def test_with_everything_off_nothing_changes(engine: str, recipe: str) -> None:
    change = augmenter(replace(PLAIN, engine=engine, recipe=recipe, operations=0, cutout=0.0), 0)
    assert change(tf.constant(IMAGES), tf.constant(0, tf.int64)).numpy() == pytest.approx(IMAGES, abs=1e-3)


@pytest.mark.parametrize("engine", ENGINES)
def test_magnitude_0_of_base_leaves_the_mirror_image(engine: str) -> None:
    changed = augmenter(replace(PLAIN, engine=engine, magnitude=0.0), 0)(tf.constant(IMAGES), tf.constant(0, tf.int64))
    for before, after in zip(IMAGES, changed.numpy(), strict=True):
        assert min(np.abs(after - before).max(), np.abs(after - before[:, ::-1]).max()) < 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engine": "torch"}, "engine must be one of batched, keras_cv, got 'torch'"),
        ({"recipe": "light"}, f"recipe must be one of {', '.join(RECIPES)}, got 'light'"),
        ({"operations": -1}, "operations must be 0 to 10, got -1"),
        ({"operations": 11}, "operations must be 0 to 10, got 11"),
        ({"magnitude": 1.1}, "magnitude must be 0 to 1, got 1.1"),
        ({"cutout": -0.1}, "cutout must be 0 to 1, got -0.1"),
        ({"magnitude": float("nan")}, "magnitude must be 0 to 1, got nan"),
        ({"engine": "keras_cv", "recipe": "broad"}, "recipe of engine keras_cv must be one of .*, got 'broad'"),
        ({"recipe": "broad", "without": ("blurr",)}, "without must name families among geometry, .*, got 'blurr'"),
        ({"recipe": "heavy", "without": ("tone",)}, "recipe heavy has no steps of a family tone to leave out"),
        ({"recipe": "randaugment", "without": ("geometry",)}, "recipe randaugment has no steps of a family geometry"),
    ],
    ids=[
        *("engine", "recipe", "negative", "too-many", "magnitude", "cutout", "nan"),
        *("engine's", "family", "heavy", "randaugment"),
    ],
)
def test_what_is_wrong_is_named(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        augmenter(replace(PLAIN, **change), 0)


def test_a_seed_out_of_range_is_named() -> None:
    with pytest.raises(ValueError, match="seed must be 0 to 2147483647, got -1"):
        augmenter(PLAIN, -1)


def test_keras_cv_cannot_rise() -> None:
    with pytest.raises(ValueError, match="rise must be 0 with the engine keras_cv"):
        augmenter(replace(PLAIN, engine="keras_cv"), 0, rising=3)


def test_the_batched_engine_loads_no_kerascv() -> None:
    script = (
        "import sys; from tasks.augment.recipes import augmenter; from tasks.augment.table import Recipe; "
        "augmenter(Recipe('batched', 'heavy', 2, 0.3, 0.3), 0); assert 'keras_cv' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_table_and_both_engines_name_the_same() -> None:
    from tasks.augment import batched, kerascv

    assert set(get_args(Name)) == set(STEPS)
    assert set(batched.STEPS) == set(get_args(Step)) == {one for of in STEPS.values() for one in of}
    assert set(kerascv.STEPS) == {one for name in OF_ENGINE["keras_cv"] for one in STEPS[name]}


def test_a_recipe_without_a_family_has_none_of_its_steps() -> None:
    for family in FAMILIES:
        steps = replace(PLAIN, recipe="broad", without=(family,)).steps
        assert len(steps) == len(STEPS["broad"]) - 1
        assert family not in {FAMILY[step] for step in steps}
    assert replace(PLAIN, recipe="heavy", without=("occlusion",)).steps == ("geometry", "blur", "colour", "noise")


def test_settings_are_read_without_a_network() -> None:
    script = (
        "import sys; from tasks.train.settings import Augment; from tasks.augment import table; "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
