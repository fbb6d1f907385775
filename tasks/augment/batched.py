"""The engine of this project: whole batches at a time, repeatable, compiled by XLA wherever it runs."""

from collections.abc import Callable

import tensorflow as tf

from tasks.augment import blur, colour, draws, geometry, masks, randaugment, strengths, table
from tasks.augment.draws import Draws
from tasks.augment.table import Change, Recipe


def augmenter(recipe: Recipe, seed: int, *, compiled: bool = True) -> Change:
    """See `tasks.augment.recipes.augmenter`.

    Compiled here, not where it is called: in `tf.data` too, XLA fuses the operations into few passes over the pictures,
    several times as fast. It compiles again, for some seconds, for each new n.
    """
    steps = [STEPS[name] for name in recipe.steps]

    def carry_out(pictures: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
        numbers = Draws(bits)
        for step in steps:
            pictures = step(pictures, recipe, numbers)
        return tf.clip_by_value(pictures, 0.0, 255.0)

    fast = tf.function(carry_out, jit_compile=True) if compiled else carry_out

    def change(pictures: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        pictures = tf.cast(pictures, tf.float32)
        return tf.ensure_shape(fast(pictures, draws.pool(seed, step, tf.shape(pictures)[0])), pictures.shape)

    return change


Step = Callable[[tf.Tensor, Recipe, Draws], tf.Tensor]


def _base(pictures: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    n, m = [tf.shape(pictures)[0]], recipe.magnitude
    matrices = geometry.scaling(numbers.sign(n), tf.ones(n))
    matrices @= geometry.rotation(numbers.either(n, strengths.ROTATION * m))
    pictures = geometry.warp(pictures, matrices @ _zoomed_and_moved(numbers, n, m, pictures.shape[1]))
    return pictures + numbers.either([*n, 1, 1, 1], 255 * strengths.BRIGHTNESS * m)


def _randaugment(pictures: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    for _ in range(recipe.operations):
        pictures = randaugment.layer(pictures, recipe.magnitude, numbers)
    return pictures


def _geometry(pictures: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    n, m = [tf.shape(pictures)[0]], recipe.magnitude
    matrices = geometry.scaling(numbers.sign(n), numbers.sign(n)) @ geometry.rotation(numbers.either(n, 0.5))
    matrices @= geometry.shear(numbers.either(n, strengths.SHEAR * m), numbers.either(n, strengths.SHEAR * m))
    return geometry.warp(pictures, matrices @ _zoomed_and_moved(numbers, n, m, pictures.shape[1]))


def _blur(pictures: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    most = strengths.BLUR * recipe.magnitude * pictures.shape[1]
    return blur.gaussian(pictures, numbers.uniform([tf.shape(pictures)[0]], 0, most))


def _colour(pictures: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """All of it is linear, so it is one matrix a picture."""
    n, m = [tf.shape(pictures)[0]], recipe.magnitude
    coloured = tf.cast(~numbers.happens(n, strengths.GREY * m), tf.float32)
    saturation = coloured * (1 + numbers.either(n, strengths.SATURATION * m))
    matrices = colour.saturating(saturation) @ colour.hue(numbers.either(n, strengths.HUE * m))
    contrast = 1 + numbers.either([*n, 1], strengths.CONTRAST * m)
    offsets = numbers.either([*n, 1], strengths.BRIGHTNESS * m)
    offsets += coloured[:, None] * numbers.either([*n, 3], strengths.CHANNEL * m)
    return colour.linear(pictures, matrices * contrast[..., None], 127.5 * (1 - contrast) + 255 * offsets)


def _noise(pictures: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    most = 255 * strengths.NOISE * recipe.magnitude
    deviation = numbers.uniform([tf.shape(pictures)[0], 1, 1, 1], 0, most)
    return pictures + deviation * numbers.noise(tf.shape(pictures))


def _grid(pictures: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    n = [tf.shape(pictures)[0]]
    share = tf.cast(numbers.happens(n, strengths.GRIDDED), tf.float32) * strengths.GRID * recipe.magnitude
    periods, turns = numbers.uniform(n, *strengths.PERIODS), numbers.uniform(n)
    return masks.grid(pictures, periods, share, turns, numbers.uniform([*n, 2]))


def _cutout(pictures: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    n = [tf.shape(pictures)[0]]
    return masks.square(pictures, numbers.uniform(n, 0, recipe.cutout), numbers.uniform([*n, 2]))


def _zoomed_and_moved(numbers: Draws, n: list[tf.Tensor], magnitude: float, side: int) -> tf.Tensor:
    """Matrices."""
    factor = (1 + strengths.ZOOM * magnitude) ** numbers.either(n, 1)
    reach = strengths.TRANSLATION * magnitude * side
    return geometry.scaling(factor, factor) @ geometry.translation(numbers.either(n, reach), numbers.either(n, reach))


STEPS: dict[table.Step, Step] = {
    "base": _base,
    "randaugment": _randaugment,
    "geometry": _geometry,
    "blur": _blur,
    "colour": _colour,
    "noise": _noise,
    "grid": _grid,
    "cutout": _cutout,
}
