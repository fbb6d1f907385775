"""Recipes of augmentation by name, and the engine that carries one out.

    none                nothing
    base                mirror image; rotation, translation, zoom, brightness
    randaugment         `operations` of RandAugment's, drawn for each picture (arXiv:1909.13719)
    randaugment_cutout  the same, and a square cut out (arXiv:1708.04552)
    heavy               both mirror images, rotation by any angle; zoom, shear, translation; brightness, contrast,
                        saturation, hue, channels, now and then grey; blur and noise; a grid (arXiv:2001.04086) and a
                        square cut out

`magnitude` scales every strength, 0 to 1; what each is at 1 stands in strengths.py. Three things it does not scale.
What a smear knows nothing of, its mirror images and in `heavy` the angle, is drawn at any magnitude, also at 0. The
square has a setting of its own, `cutout`, its largest side as a share of the picture's. And autocontrast and equalize,
two of RandAugment's operations, know no strength, as in the paper: 0 switches off the twelve others alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

RECIPES = ("none", "base", "randaugment", "randaugment_cutout", "heavy")
ENGINES = ("batched", "keras_cv")
MOST = 10
"""Operations of RandAugment."""

Change = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""From (pictures, step) to pictures."""


@dataclass(frozen=True)
class Recipe:
    """What is done to a picture, by which engine; `operations` counts for RandAugment's recipes alone."""

    engine: str
    recipe: str
    operations: int
    magnitude: float
    cutout: float


def augmenter(recipe: Recipe, seed: int, *, compiled: bool = True) -> Change:
    """A function of pictures, float32 (n, side, side, 3), 0 to 255, and a step, an int64 scalar; gives such pictures.

    For `tf.data.Dataset.map`, where n may be unknown, and for eager use. Each picture of a batch is changed by itself.
    With the engine `batched` the result follows from (pictures, seed, step) alone, whatever runs in parallel, and the
    function compiles inside `tf.function(jit_compile=True)` too. With `keras_cv` it does not repeat. `compiled` False
    leaves out XLA, which takes seconds for each new n and recipe: for a few pictures, the same ones to a grey level.
    Raises ValueError for an unknown engine or recipe, and for a number out of range.
    """
    _check(recipe, seed)
    if recipe.recipe == "none":
        return lambda pictures, step: pictures
    # Here, because each engine is slow to import, KerasCV most of all.
    if recipe.engine == "keras_cv":
        from tasks.augment import kerascv

        return kerascv.augmenter(recipe)
    from tasks.augment import batched

    return batched.augmenter(recipe, seed, compiled=compiled)


def _check(recipe: Recipe, seed: int) -> None:
    for name, known in (("engine", ENGINES), ("recipe", RECIPES)):
        if getattr(recipe, name) not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(recipe, name)!r}")
    if not 0 <= recipe.operations <= MOST:
        raise ValueError(f"operations must be 0 to {MOST}, got {recipe.operations}")
    for name in ("magnitude", "cutout"):
        if not 0 <= getattr(recipe, name) <= 1:
            raise ValueError(f"{name} must be 0 to 1, got {getattr(recipe, name)}")
    if not 0 <= seed < 2**31:
        raise ValueError(f"seed must be 0 to {2**31 - 1}, got {seed}")
