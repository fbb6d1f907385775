"""A classifier of blood cell pictures, for TensorFlow and NumPy; its network lies in the folder beside this file."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

BATCH = 64


class Model:
    """Predicts the class of each picture."""

    def __init__(self) -> None:
        self._network: Any = tf.saved_model.load(str(Path(__file__).resolve().parent / "network"))
        (spec,) = self._network.signatures["serving_default"].structured_input_signature[1].values()
        self._shape = tuple(spec.shape[1:])

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.int64]:  # noqa: N803
        """Labels, int64 (n,), of pictures, uint8 (n, side, side, 3), RGB; ValueError for any other array."""
        pictures = np.asarray(X)
        if pictures.dtype != np.uint8 or pictures.shape[1:] != self._shape:
            expected = ", ".join(map(str, self._shape))
            raise ValueError(f"expected uint8 of shape (n, {expected}), got {pictures.dtype} of {pictures.shape}")
        labels = [self._labels(pictures[start : start + BATCH]) for start in range(0, len(pictures), BATCH)]
        return np.concatenate([np.empty(0, np.int64), *labels])

    def _labels(self, pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
        return self._network.serve(tf.constant(pictures))["probabilities"].numpy().argmax(axis=1)
