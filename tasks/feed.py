"""Feeds networks from the memory-mapped arrays of the deliveries; a picture is read when its batch is due."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.store import Arrays

Augmenter = Callable[[tf.Tensor], tf.Tensor]


def pictures(arrays: Arrays, places: NDArray[np.int64], batch: int) -> tf.data.Dataset:
    """Batches of pictures in the order of `places`, float32 (n, side, side, 3), 0 to 255."""
    return _loaded(tf.data.Dataset.from_tensor_slices(places).batch(batch), arrays).prefetch(tf.data.AUTOTUNE)


def labelled(arrays: Arrays, places: NDArray[np.int64], labels: NDArray[np.int64], batch: int) -> tf.data.Dataset:
    """Batches of (pictures, labels) in order, for validation."""
    order = tf.data.Dataset.from_tensor_slices(labels).batch(batch)
    return tf.data.Dataset.zip(pictures(arrays, places, batch), order)


def shuffled(
    arrays: Arrays, places: NDArray[np.int64], labels: NDArray[np.int64], batch: int, seed: int, augmenter: Augmenter
) -> tf.data.Dataset:
    """Batches of (augmented pictures, labels) in another order each epoch, for training."""
    rows = tf.data.Dataset.from_tensor_slices((places, labels))
    batches = rows.shuffle(len(places), seed=seed, reshuffle_each_iteration=True).batch(batch)
    read = _reader(arrays)
    return batches.map(
        lambda where, label: (augmenter(read(where)), label), num_parallel_calls=tf.data.AUTOTUNE
    ).prefetch(tf.data.AUTOTUNE)


def _loaded(batches: tf.data.Dataset, arrays: Arrays) -> tf.data.Dataset:
    return batches.map(_reader(arrays), num_parallel_calls=tf.data.AUTOTUNE)


def _reader(arrays: Arrays) -> Callable[[tf.Tensor], tf.Tensor]:
    def read(where: tf.Tensor) -> tf.Tensor:
        taken = tf.numpy_function(arrays.take, [where], tf.as_dtype(arrays.dtype))
        return tf.cast(tf.ensure_shape(taken, (None, *arrays.shape)), tf.float32)

    return read
