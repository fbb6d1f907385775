"""A plain Keras script after the report, the peer of `benchmarks.training`: what one would write without this project.

A frozen phase on images, then fine-tuning, with KerasCV's RandAugment and cutout in the map of `tf.data`, class
weights, Lion with exponential decay. It shares the backbone and its weights with the project, and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import keras_cv
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.backbones.build import build

AfterEpoch = Callable[[keras.Model], bool]
"""Told of the model after each epoch; True ends the training."""


@dataclass(frozen=True)
class Recipe:
    """The figures that both sides of a comparison share."""

    batch: int
    frozen_epochs: int
    finetune_epochs: int
    frozen_learning_rate: float
    learning_rate: float
    decay: float
    dense: tuple[int, ...]
    feature_dropout: float
    dense_dropout: float


class Told(keras.callbacks.Callback):
    """Tells `after` of each epoch."""

    def __init__(self, after: AfterEpoch):
        super().__init__()
        self.after = after

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.model.stop_training = self.after(self.model)


def train(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    classes: int,
    weights: Path,
    recipe: Recipe,
    after: AfterEpoch,
) -> None:
    """Train from ImageNet's weights in the file `weights`."""
    counts = np.bincount(labels, minlength=classes)
    balance = {k: len(labels) / (classes * count) for k, count in enumerate(counts)}
    plain, augmented = (dataset(images, labels, recipe.batch, augment) for augment in (False, True))
    backbone = build("efficientnet_lite0", images.shape[1], str(weights), weights.parent)
    backbone.trainable = False
    model = classifier(backbone, classes, recipe)
    steps = len(labels) // recipe.batch
    phases = [(plain, recipe.frozen_epochs, recipe.frozen_learning_rate)]
    phases.append((augmented, recipe.finetune_epochs, recipe.learning_rate))
    for data, epochs, rate in phases:
        schedule = keras.optimizers.schedules.ExponentialDecay(rate, steps, recipe.decay)
        optimizer = keras.optimizers.Lion(schedule, weight_decay=1e-4)
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
        told = [Told(after)]
        model.fit(data, epochs=epochs, class_weight=balance, callbacks=told, verbose=0)
        if model.stop_training:
            return
        for layer in backbone.layers:
            layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)


def dataset(images: NDArray[np.uint8], labels: NDArray[np.int64], batch: int, augment: bool) -> tf.data.Dataset:
    rows = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(labels)).batch(batch, drop_remainder=True)
    if augment:
        layers = [
            keras_cv.layers.RandAugment((0, 255), augmentations_per_image=2, magnitude=0.3),
            keras_cv.layers.RandomCutout((0.0, 0.3), (0.0, 0.3), fill_mode="constant", fill_value=128.0),
        ]
        rows = rows.map(lambda x, y: (_through(layers, tf.cast(x, tf.float32)), y), tf.data.AUTOTUNE)
    return rows.prefetch(tf.data.AUTOTUNE)


def classifier(backbone: keras.Model, classes: int, recipe: Recipe) -> keras.Model:
    x = keras.layers.Dropout(recipe.feature_dropout)(backbone.output)
    for width in recipe.dense:
        x = keras.layers.LeakyReLU()(keras.layers.Dense(width)(x))
        x = keras.layers.Dropout(recipe.dense_dropout)(x)
    return keras.Model(backbone.input, keras.layers.Dense(classes, activation="softmax")(x))


def _through(layers: list, images: tf.Tensor) -> tf.Tensor:
    for layer in layers:
        images = layer(images, training=True)
    return images
