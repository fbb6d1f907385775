"""A calibrated model that may abstain: from images to selective predictions."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks import model, store
from tasks.model import Classifier
from tasks.selective.calibration import Calibration, SelectivePrediction, rebuild

TTA = (1, 4, 8)
"""Orientations that test-time augmentation averages over: as it is; turned by quarters; mirrored too."""


class Reader:
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


class SelectiveClassifier:
    """A complete model: `classes`, `image_size`, `crop`, and what it says of images."""

    def __init__(self, classifier: Classifier):
        self.classifier = classifier
        self.classes, self.image_size, self.crop = classifier.classes, classifier.image_size, classifier.crop
        self.calibration: Calibration = rebuild(classifier.calibration, classifier.arrays)
        self._reader = Reader(classifier.network, self.calibration.layers)

    @property
    def thresholds(self) -> dict[str, float]:
        """`least_confidence` of an answer, 0 to 1, and `largest_score` of an image in distribution."""
        return {
            "least_confidence": self.calibration.least_confidence,
            "largest_score": self.calibration.largest_score,
        }

    def predict(self, images: NDArray[np.uint8], tta: int = 1) -> SelectivePrediction:
        """What the model says of images, uint8 (n, image_size, image_size, 3), RGB.

        With `tta` above 1 the network's probabilities are averaged over as many orientations (test-time augmentation);
        the out-of-distribution score is that of the first. Raises ValueError for another `tta`, dtype or shape.
        """
        self._check(images, tta)
        probabilities, features = self._reader.read(images)
        for orientation in range(1, tta):
            turned = np.ascontiguousarray(store.turned(images, orientation))
            probabilities = probabilities + self._reader.read(turned)[0]
        return self.calibration.predict(probabilities / np.float32(tta), features)

    def over(self, batches: Iterable[Any], tta: int = 1) -> SelectivePrediction:
        """The same over batches of images, at least one."""
        parts = [self.predict(np.asarray(batch), tta) for batch in batches]
        return SelectivePrediction(
            *(np.concatenate([part[k] for part in parts]) for k in range(len(SelectivePrediction._fields)))
        )

    def _check(self, images: NDArray[np.uint8], tta: int) -> None:
        if tta not in TTA:
            raise ValueError(f"tta must be one of {', '.join(map(str, TTA))}, got {tta}")
        wanted = (self.image_size, self.image_size, 3)
        if images.dtype != np.uint8 or images.shape[1:] != wanted:
            raise ValueError(
                f"images must be uint8 of shape (n, {', '.join(map(str, wanted))}), "
                f"got {images.dtype} of shape {images.shape}"
            )


def load(folder: Path) -> SelectiveClassifier:
    """The model in `folder`.

    Raises FileNotFoundError without one, ValueError for one that is damaged, of another format, or a network that was
    not calibrated yet.
    """
    classifier = model.load(folder)
    if not classifier.calibration:
        raise ValueError(f"{folder} holds a network that is not calibrated: expected what the stage calibrate writes")
    return SelectiveClassifier(classifier)
