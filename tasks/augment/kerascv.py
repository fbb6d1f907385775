"""The same recipes by the layers of KerasCV, as the report and the contest's winner had them: to compare with.

KerasCV is frozen at 0.9.0 and stays behind this file. Its layers work in `tf.data`, not inside a model, where they
would augment predictions too; and their draws do not repeat with a seed, so neither does a training that uses them.
Strengths are those of strengths.py as far as the layers have such a setting; RandAugment has the ranges and the ten
operations that KerasCV gives it.
"""

from collections.abc import Callable

import keras
import keras_cv
import tensorflow as tf

from tasks.augment import strengths, table
from tasks.augment.table import Change, Recipe

VALUES = (0, 255)
SIDE = 96
"""Blur is in pixels of such an image: the layer is told before it sees one."""

Layers = list[keras.Layer]


def augmenter(recipe: Recipe) -> Change:
    """See `tasks.augment.recipes.augmenter`; the step counts for nothing."""
    layers = [layer for name in recipe.steps for layer in STEPS[name](recipe)]

    def change(images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        changed = tf.cast(images, tf.float32)
        for layer in layers:
            changed = layer(changed, training=True)
        return tf.ensure_shape(tf.clip_by_value(tf.cast(changed, tf.float32), *VALUES), images.shape)

    return change


def _base(recipe: Recipe) -> Layers:
    cv, m = keras_cv.layers, recipe.magnitude
    return [
        cv.RandomFlip("horizontal"),
        cv.RandomRotation(strengths.ROTATION * m),
        cv.RandomBrightness(strengths.BRIGHTNESS * m, VALUES),
        *_moved(m),
    ]


def _randaugment(recipe: Recipe) -> Layers:
    if not recipe.operations:
        return []
    return [keras_cv.layers.RandAugment(VALUES, augmentations_per_image=recipe.operations, magnitude=recipe.magnitude)]


def _geometry(recipe: Recipe) -> Layers:
    cv, m = keras_cv.layers, recipe.magnitude
    turned = [cv.RandomFlip("horizontal_and_vertical"), cv.RandomRotation(0.5)]
    return [*turned, cv.RandomShear(strengths.SHEAR * m, strengths.SHEAR * m), *_moved(m)] if m else turned


def _colour(recipe: Recipe) -> Layers:
    cv, m = keras_cv.layers, recipe.magnitude
    if not m:
        return []
    return [
        cv.RandomBrightness(strengths.BRIGHTNESS * m, VALUES),
        cv.RandomContrast(VALUES, strengths.CONTRAST * m),
        cv.RandomSaturation((0.5 - strengths.SATURATION * m / 2, 0.5 + strengths.SATURATION * m / 2)),
        cv.RandomHue((0.0, 2 * strengths.HUE * m), VALUES),
        cv.RandomChannelShift(VALUES, strengths.CHANNEL * m),
        cv.RandomApply(cv.Grayscale(3), strengths.GREY * m),
    ]


def _blur(recipe: Recipe) -> Layers:
    m = recipe.magnitude
    return [keras_cv.layers.RandomGaussianBlur(7, (0.0, SIDE * strengths.BLUR * m))] if m else []


def _noise(recipe: Recipe) -> Layers:
    """The layer takes a share of 1, and one deviation for all images: half of the greatest."""
    if not recipe.magnitude:
        return []
    return [
        keras.layers.Rescaling(1 / VALUES[1]),
        keras.layers.GaussianNoise(strengths.NOISE * recipe.magnitude / 2),
        keras.layers.Rescaling(VALUES[1]),
    ]


def _grid(recipe: Recipe) -> Layers:
    cv, m = keras_cv.layers, recipe.magnitude
    fill = {"fill_mode": "constant", "fill_value": strengths.FILL}
    return [cv.RandomApply(cv.GridMask((0.0, strengths.GRID * m), 1.0, **fill), strengths.GRIDDED)] if m else []


def _moved(magnitude: float) -> Layers:
    reach, zoom = strengths.TRANSLATION * magnitude, strengths.ZOOM * magnitude
    return [
        keras_cv.layers.RandomTranslation(reach, reach),
        keras_cv.layers.RandomZoom((-zoom, zoom)),
    ]


def _cutout(recipe: Recipe) -> Layers:
    if not recipe.cutout:
        return []
    side = (0.0, recipe.cutout)
    return [keras_cv.layers.RandomCutout(side, side, fill_mode="constant", fill_value=strengths.FILL)]


STEPS: dict[table.Step, Callable[[Recipe], Layers]] = {
    "base": _base,
    "randaugment": _randaugment,
    "geometry": _geometry,
    "blur": _blur,
    "colour": _colour,
    "noise": _noise,
    "grid": _grid,
    "cutout": _cutout,
}
