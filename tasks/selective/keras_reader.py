"""Reads images with a network of Keras: where a calibration is fitted, and for layers that ONNX has not."""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class KerasReader:
    """A network that gives its probabilities and, of some layers, the features pooled over the image, at once."""

    def __init__(self, network: keras.Model, layers: Sequence[str]):
        pool = keras.layers.GlobalAveragePooling2D
        inside = [pool(name=f"inside_{k}")(network.get_layer(layer).output) for k, layer in enumerate(layers)]
        self.widths = tuple(int(features.shape[1]) for features in inside)
        self._both = keras.Model(network.input, [network.output, inside])
        side = network.input_shape[1]
        spec = tf.TensorSpec((None, side, side, 3), tf.uint8)
        self._run = tf.function(lambda images: self._both(tf.cast(images, tf.float32)), input_signature=[spec])

    def read(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Of uint8 (n, side, side, 3): probabilities (n, classes) and features (n, d) of all layers, both float32."""
        probabilities, features = self._run(tf.convert_to_tensor(images))
        return probabilities.numpy(), np.concatenate([block.numpy() for block in features], axis=1)

    def over(self, batches: Iterable[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The same over all batches, at least one."""
        parts = [self.read(batch) for batch in batches]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
