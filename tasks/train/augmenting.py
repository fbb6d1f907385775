"""What happens to a training batch, from the settings: augmentation, then mixing of images."""

import tensorflow as tf

from tasks.augment.mixing import mixer
from tasks.augment.recipes import augmenter
from tasks.train.learner import Batch, Change
from tasks.train.settings import Train


def change(settings: Train, steps: int) -> Change | None:
    """The function that augments and mixes a batch, from (seed, step); None where the settings want nothing of it.

    `steps` are those of the whole training, of which the augmentation rises over a share.
    """
    augment = augmenter(settings.augment.asked, settings.seed, rising=round(settings.augment.rise * steps))
    mix = mixer(settings.cutmix, settings.mixup, settings.seed)
    if settings.augment.recipe == "none" and mix is None:
        return None

    def both(images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, step: tf.Tensor) -> Batch:
        images = augment(tf.cast(images, tf.float32), step)
        return mix(images, labels, weights, step) if mix else (images, labels, weights)

    return both
