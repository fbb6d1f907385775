"""Grad-CAM (Selvaraju et al., arXiv:1610.02391): where in the image lies what speaks for a class."""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.explain import cuts


class GradCam:
    """Maps of a classifier, on its last feature map of at least `size` x `size` positions (see `cuts.at_map`).

    The value at each position is the sum over channels of activation times gradient of the class' logit, and 0 where
    that is negative. On the map before the global average pooling the gradient is the same at all positions, and this
    is Grad-CAM to the letter. On a finer map, where it is not, Grad-CAM's average over the positions would light up
    some whose content the answer ignores; without the average it is HiResCAM (Draelos and Carin, arXiv:2011.08891),
    which does not.
    """

    def __init__(self, network: keras.Model, size: int):
        self._below, self._above = cuts.at_map(network, size)
        self._side = network.input_shape[1]
        shape = (None, *network.input_shape[1:])
        signature = [tf.TensorSpec(shape, tf.uint8), tf.TensorSpec((None,), tf.int64)]
        self._run = tf.function(self._upsampled, input_signature=signature)

    def __call__(self, images: NDArray[np.uint8], classes: NDArray[np.int64]) -> NDArray[np.float32]:
        """How much speaks for each image's class, float32 (n, side, side), 0 to 1, 1 at the image's maximum.

        `images` is uint8 (n, side, side, 3), `classes` int64 (n,). All 0 where nothing speaks for it.
        """
        maps = self._run(images, classes).numpy()
        most = maps.max(axis=(1, 2), keepdims=True)
        return np.divide(maps, most, out=np.zeros_like(maps), where=most > 0)

    def _upsampled(self, images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        maps = self._below(tf.cast(images, tf.float32), training=False)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            logits = self._above(maps, training=False)
            chosen = tf.gather(logits, classes, batch_dims=1)
        evidence = tf.nn.relu(tf.reduce_sum(maps * tape.gradient(chosen, maps), axis=-1, keepdims=True))
        return tf.image.resize(evidence, (self._side, self._side))[..., 0]
