"""The same recipes by the layers of KerasCV, as the report and the contest's winner had them: to compare with.

KerasCV is frozen at 0.9.0 and stays behind this file. Its layers work in `tf.data`, not inside a model, where they
would augment predictions too; and their draws do not repeat with a seed, so neither does a training that uses them.
Strengths are those of strengths.py as far as the layers have such a setting; RandAugment has the ranges and the ten
operations that KerasCV gives it.
"""

from collections.abc import Callable, Sequence

import keras
import keras_cv
import tensorflow as tf

from tasks.augment import strengths
from tasks.augment.recipes import Change, Recipe

VALUES = (0, 255)
SIDE = 96
"""Blur is in pixels of such a picture: the layer is told before it sees one."""

Layers = list[keras.Layer]


def augmenter(recipe: Recipe) -> Change:
    """See `tasks.augment.recipes.augmenter`; the step counts for nothing."""
    layers = RECIPES[recipe.recipe](recipe)

    def change(pictures: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        changed = tf.cast(pictures, tf.float32)
        for layer in layers:
            changed = layer(changed, training=True)
        return tf.ensure_shape(tf.clip_by_value(tf.cast(changed, tf.float32), *VALUES), pictures.shape)

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


def _heavy(recipe: Recipe) -> Layers:
    cv, m = keras_cv.layers, recipe.magnitude
    fill = {"fill_mode": "constant", "fill_value": strengths.FILL}
    if not m:
        return [cv.RandomFlip("horizontal_and_vertical"), cv.RandomRotation(0.5), *_cutout(recipe)]
    return [
        cv.RandomFlip("horizontal_and_vertical"),
        cv.RandomRotation(0.5),
        cv.RandomShear(strengths.SHEAR * m, strengths.SHEAR * m),
        *_moved(m),
        cv.RandomBrightness(strengths.BRIGHTNESS * m, VALUES),
        cv.RandomContrast(VALUES, strengths.CONTRAST * m),
        cv.RandomSaturation((0.5 - strengths.SATURATION * m / 2, 0.5 + strengths.SATURATION * m / 2)),
        cv.RandomHue((0.0, 2 * strengths.HUE * m), VALUES),
        cv.RandomChannelShift(VALUES, strengths.CHANNEL * m),
        cv.RandomApply(cv.Grayscale(3), strengths.GREY * m),
        cv.RandomGaussianBlur(7, (0.0, SIDE * strengths.BLUR * m)),
        *_noise(strengths.NOISE * m / 2),
        cv.RandomApply(cv.GridMask((0.0, strengths.GRID * m), 1.0, **fill), strengths.GRIDDED),
        *_cutout(recipe),
    ]


def _moved(magnitude: float) -> Layers:
    reach, zoom = strengths.TRANSLATION * magnitude, strengths.ZOOM * magnitude
    return [
        keras_cv.layers.RandomTranslation(reach, reach),
        keras_cv.layers.RandomZoom((-zoom, zoom)),
    ]


def _noise(deviation: float) -> Layers:
    """The layer takes a share of 1, and one deviation for all pictures: half of the greatest."""
    return [
        keras.layers.Rescaling(1 / VALUES[1]),
        keras.layers.GaussianNoise(deviation),
        keras.layers.Rescaling(VALUES[1]),
    ]


def _cutout(recipe: Recipe) -> Layers:
    if not recipe.cutout:
        return []
    side = (0.0, recipe.cutout)
    return [keras_cv.layers.RandomCutout(side, side, fill_mode="constant", fill_value=strengths.FILL)]


RECIPES: dict[str, Callable[[Recipe], Sequence[keras.Layer]]] = {
    "base": _base,
    "randaugment": _randaugment,
    "randaugment_cutout": lambda recipe: [*_randaugment(recipe), *_cutout(recipe)],
    "heavy": _heavy,
}
