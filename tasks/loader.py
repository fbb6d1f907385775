"""Feeds networks from the memory-mapped arrays of the deliveries; an image is read when its batch is due."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class Source(Protocol):
    """Entries by position, in one dtype and shape: images in a memory map, features, ..."""

    dtype: Any
    shape: tuple[int, ...]

    def take(self, places: NDArray[np.int64]) -> NDArray[Any]:
        """The entries at `places`, (n, ...)."""


def batches(source: Source, places: NDArray[np.int64], batch: int) -> tf.data.Dataset:
    """Batches of entries in the order of `places`, in their own dtype; images are uint8 (n, side, side, 3)."""
    starts = tf.data.Dataset.range(0, len(places), batch)
    read = _reader(source, places, batch)
    return starts.map(read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)


def _reader(source: Source, places: NDArray[np.int64], batch: int) -> Callable[[tf.Tensor], tf.Tensor]:
    def take(start: NDArray[np.int64]) -> NDArray[Any]:
        return source.take(places[int(start) : int(start) + batch])

    def read(start: tf.Tensor) -> tf.Tensor:
        # Not stateful: several threads may read at once.
        taken = tf.numpy_function(take, [start], tf.as_dtype(source.dtype), stateful=False)
        return tf.ensure_shape(taken, (None, *source.shape))

    return read
