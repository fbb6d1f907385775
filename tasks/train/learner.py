"""The model that learns: the classifier's own layers, and what happens to a batch before it reaches them."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

Batch = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
"""Images, labels as float32 (n, classes), weights of the images in the loss, float32 (n,)."""
Change = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], Batch]
"""From (images, labels, weights, step) to a batch; a function of its arguments alone."""


class Learner(keras.Model):
    """Shares all layers with the network that is saved, so a prediction never sees an augmentation.

    `change`, where given, is made in the training step, so on the device that trains. Its step is the optimizer's
    count, which a resumed training brings back; where several devices share a batch, each has steps of its own.
    """

    change: Change | None

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """A step on a batch."""
        if self.change is not None:
            replica = tf.distribute.get_replica_context()
            place, of = replica.replica_id_in_sync_group, replica.num_replicas_in_sync
            step = tf.cast(self.optimizer.iterations, tf.int64) * of + tf.cast(place, tf.int64)
            images, labels, weights = data
            data = self.change(images, labels, weights, step)
        return super().train_step(data)
