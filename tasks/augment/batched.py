"""The engine of this project: whole batches at a time, repeatable, compiled by XLA wherever it runs."""

from collections.abc import Callable
from dataclasses import replace

import tensorflow as tf

from tasks.augment import blur, broad, colour, draws, geometry, masks, randaugment, strengths, table
from tasks.augment.draws import Draws
from tasks.augment.table import Change, Recipe


def augmenter(recipe: Recipe, seed: int, *, compiled: bool = True, rising: int = 0) -> Change:
    """See `tasks.augment.recipes.augmenter`.

    Compiled here, not where it is called: in `tf.data` too, XLA fuses the operations into few passes over the images,
    several times as fast. It compiles again, for some seconds, for each new n.
    """
    steps = [STEPS[name] for name in recipe.steps]

    def carry_out(images: tf.Tensor, bits: tf.Tensor, risen: tf.Tensor | float) -> tf.Tensor:
        numbers = Draws(bits)
        now = replace(recipe, magnitude=recipe.magnitude * risen, cutout=recipe.cutout * risen)
        for step in steps:
            images = step(images, now, numbers)
        return tf.clip_by_value(images, 0.0, 255.0)

    fast = tf.function(carry_out, jit_compile=True) if compiled else carry_out

    def change(images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        images = tf.cast(images, tf.float32)
        risen = tf.minimum(tf.cast(step, tf.float32) / rising, 1.0) if rising else 1.0
        return tf.ensure_shape(fast(images, draws.pool(seed, step, tf.shape(images)[0]), risen), images.shape)

    return change


Step = Callable[[tf.Tensor, Recipe, Draws], tf.Tensor]


def _base(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    n, m = [tf.shape(images)[0]], recipe.magnitude
    matrices = geometry.scaling(numbers.sign(n), tf.ones(n))
    matrices @= geometry.rotation(numbers.either(n, strengths.ROTATION * m))
    images = geometry.warp(images, matrices @ _zoomed_and_moved(numbers, n, m, images.shape[1]))
    return images + numbers.either([*n, 1, 1, 1], 255 * strengths.BRIGHTNESS * m)


def _randaugment(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    for _ in range(recipe.operations):
        images = randaugment.layer(images, recipe.magnitude, numbers)
    return images


def _geometry(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    n, m = [tf.shape(images)[0]], recipe.magnitude
    matrices = geometry.scaling(numbers.sign(n), numbers.sign(n)) @ geometry.rotation(numbers.either(n, 0.5))
    matrices @= geometry.shear(numbers.either(n, strengths.SHEAR * m), numbers.either(n, strengths.SHEAR * m))
    return geometry.warp(images, matrices @ _zoomed_and_moved(numbers, n, m, images.shape[1]))


def _blur(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    most = strengths.BLUR * recipe.magnitude * images.shape[1]
    return blur.gaussian(images, numbers.uniform([tf.shape(images)[0]], 0, most))


def _colour(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """All of it is linear, so it is one matrix an image."""
    n, m = [tf.shape(images)[0]], recipe.magnitude
    coloured = tf.cast(~numbers.happens(n, strengths.GREY * m), tf.float32)
    saturation = coloured * (1 + numbers.either(n, strengths.SATURATION * m))
    matrices = colour.saturating(saturation) @ colour.hue(numbers.either(n, strengths.HUE * m))
    contrast = 1 + numbers.either([*n, 1], strengths.CONTRAST * m)
    offsets = numbers.either([*n, 1], strengths.BRIGHTNESS * m)
    offsets += coloured[:, None] * numbers.either([*n, 3], strengths.CHANNEL * m)
    return colour.linear(images, matrices * contrast[..., None], 127.5 * (1 - contrast) + 255 * offsets)


def _noise(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    most = 255 * strengths.NOISE * recipe.magnitude
    deviation = numbers.uniform([tf.shape(images)[0], 1, 1, 1], 0, most)
    return images + deviation * numbers.noise(tf.shape(images))


def _grid(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    n = [tf.shape(images)[0]]
    share = tf.cast(numbers.happens(n, strengths.GRIDDED), tf.float32) * strengths.GRID * recipe.magnitude
    periods, turns = numbers.uniform(n, *strengths.PERIODS), numbers.uniform(n)
    return masks.grid(images, periods, share, turns, numbers.uniform([*n, 2]))


def _cutout(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    n = [tf.shape(images)[0]]
    return masks.square(images, numbers.uniform(n, 0, recipe.cutout), numbers.uniform([*n, 2]))


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
    **broad.STEPS,
}
