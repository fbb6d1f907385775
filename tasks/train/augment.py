"""Augmentation with KerasCV: RandAugment (arXiv:1909.13719) and cutout (arXiv:1708.04552).

KerasCV is frozen at 0.9.0 and stays behind this file. Its RandAugment works in `tf.data`, not inside a model, where it
would augment predictions too; and its draws do not repeat with a seed, so neither does a training that uses it.
"""

from collections.abc import Callable

import keras_cv
import tensorflow as tf

from tasks.train.settings import Augment

VALUES = (0, 255)
FILL = 128.0


def augmenter(settings: Augment) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function on batches, float32 (n, side, side, 3), 0 to 255, for use in `tf.data.Dataset.map`."""
    steps = []
    if settings.operations:
        steps.append(
            keras_cv.layers.RandAugment(
                VALUES, augmentations_per_image=settings.operations, magnitude=settings.magnitude
            )
        )
    if settings.cutout:
        side = (0.0, settings.cutout)
        steps.append(keras_cv.layers.RandomCutout(side, side, fill_mode="constant", fill_value=FILL))

    def apply(pictures: tf.Tensor) -> tf.Tensor:
        for step in steps:
            pictures = step(pictures, training=True)
        return tf.ensure_shape(tf.clip_by_value(tf.cast(pictures, tf.float32), *VALUES), pictures.shape)

    return apply
