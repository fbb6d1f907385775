"""What each step of a training takes: a function of (seed, step), however many threads read and wherever it resumes."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.loader import Source
from tasks.train.learner import Change


class Order:
    """Which of `rows` each step takes: every epoch another permutation, from (seed, epoch) alone.

    What does not fill a last batch waits for the next epoch's permutation. Raises ValueError for a batch that is
    larger than the set.
    """

    def __init__(self, rows: int, batch: int, seed: int):
        if batch > rows:
            raise ValueError(f"train.batch must be at most the number of images in train, {rows}, got {batch}")
        self.rows, self.batch, self.seed = rows, batch, seed
        self.steps = rows // batch
        self._permutation = lru_cache(maxsize=2)(self._draw)  # two: threads read ahead into the next epoch

    def at(self, step: int) -> NDArray[np.int64]:
        """Positions of a step's rows, int64 (batch,); steps count on over the epochs."""
        epoch, place = divmod(step, self.steps)
        return self._permutation(epoch)[place * self.batch : (place + 1) * self.batch]

    def _draw(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng([self.seed, epoch]).permutation(self.rows)


Places = Callable[[NDArray[np.int64], int], NDArray[np.int64]]
"""From (positions of rows, epoch) to where their entries lie in the source."""


def training(
    source: Source,
    places: Places,
    labels: NDArray[np.int64],
    weights: NDArray[np.float32],
    order: Order,
    change: Change | None,
    steps: range,
) -> tf.data.Dataset:
    """Batches of (entries, labels as float32 (batch, classes), weights float32 (batch,)), one for each of `steps`.

    `labels` are indices, `weights` is the weight of each class in the loss. The entries keep their dtype, unless
    `change` is made to them here, in threads that run beside the training.
    """
    classes = len(weights)

    def read(step: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]:
        rows = order.at(int(step))
        here = labels[rows]
        entries = source.take(places(rows, int(step) // order.steps))
        return entries, np.eye(classes, dtype=np.float32)[here], weights[here]

    def load(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        kinds = [tf.as_dtype(source.dtype), tf.float32, tf.float32]
        # Not stateful: it answers from the step alone, so several threads may ask at once.
        entries, hot, weight = tf.numpy_function(read, [step], kinds, stateful=False)
        size = order.batch
        batch = (
            tf.ensure_shape(entries, (size, *source.shape)),
            tf.ensure_shape(hot, (size, classes)),
            tf.ensure_shape(weight, (size,)),
        )
        return change(tf.cast(batch[0], tf.float32), *batch[1:], step) if change else batch

    numbers = tf.data.Dataset.range(steps.start, steps.stop)
    return numbers.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)
