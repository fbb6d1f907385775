"""A classifier of blood cell images, for TensorFlow and NumPy; its network lies in the folder beside this file."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

BATCH = 64


class Model:
    """Predicts the class of each image."""

    def __init__(self) -> None:
        self._network: Any = tf.saved_model.load(str(Path(__file__).resolve().parent / "network"))
        (spec,) = self._network.signatures["serving_default"].structured_input_signature[1].values()
        self._shape = tuple(spec.shape[1:])

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.int64]:  # noqa: N803
        """Labels, int64 (n,), of images, uint8 (n, side, side, 3), RGB; ValueError for any other array."""
        images = np.asarray(X)
        if images.dtype != np.uint8 or images.shape[1:] != self._shape:
            expected = ", ".join(map(str, self._shape))
            raise ValueError(f"expected uint8 of shape (n, {expected}), got {images.dtype} of {images.shape}")
        labels = [self._labels(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
        return np.concatenate([np.empty(0, np.int64), *labels])

    def _labels(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        return self._network.serve(tf.constant(images))["probabilities"].numpy().argmax(axis=1)
