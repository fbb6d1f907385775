"""A calibrated model that may abstain: from images to selective predictions.

The network runs in ONNX Runtime; in Keras only where it has a layer that cannot be written as ONNX.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tasks import model_folder
from tasks.model_folder import WEIGHTS, Description
from tasks.selective.calibration import Calibration, SelectivePrediction, rebuild

TTA = (1, 4, 8)
"""Orientations that test-time augmentation averages over: as it is; turned by quarters; mirrored too."""


class Reader(Protocol):
    """A network, whatever runs it."""

    def read(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Of uint8 (n, side, side, 3): probabilities (n, classes) and features (n, d) of the layers that the detector
        takes, both float32."""


class SelectiveClassifier:
    """A complete model: `classes`, `image_size`, `crop`, and what it says of images."""

    def __init__(self, reader: Reader, classes: Sequence[str], image_size: int, crop: int, calibration: Calibration):
        self.classes, self.image_size, self.crop = list(classes), image_size, crop
        self.calibration = calibration
        self._reader = reader

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
        for turned in _turned(images, range(1, tta)):
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


def _turned(images: NDArray[np.uint8], orientations: Iterable[int]) -> Iterator[NDArray[np.uint8]]:
    for orientation in orientations:
        from tasks import store  # here: its pandas is half a second that most predictions need not wait for

        yield np.ascontiguousarray(store.turned(images, orientation))


def load(folder: Path) -> SelectiveClassifier:
    """The model in `folder`.

    Raises FileNotFoundError without one, ValueError for one that is damaged, of another format, or a network that was
    not calibrated yet.
    """
    from tasks.selective.onnx_reader import OnnxReader  # here: a fifth of a second that an error need not wait for

    description, calibration = _described(folder)
    try:
        reader = OnnxReader(description.network, folder / WEIGHTS, calibration.layers)
    except ValueError as error:
        found = load_keras(folder)
        print(f"the network of {folder} runs in Keras, which takes longer: {error}", file=sys.stderr)
        return found
    return _complete(reader, description, calibration)


def load_keras(folder: Path) -> SelectiveClassifier:
    """The same with the network in Keras. Raises what `load` does, and ValueError for a network that Keras has not."""
    from tasks import model  # here, because TensorFlow takes seconds to come
    from tasks.selective.keras_reader import KerasReader

    description, calibration = _described(folder)
    return _complete(KerasReader(model.load(folder).network, calibration.layers), description, calibration)


def _described(folder: Path) -> tuple[Description, Calibration]:
    description = model_folder.load(folder)
    if not description.calibration:
        raise ValueError(f"{folder} holds a network that is not calibrated: expected what the stage calibrate writes")
    return description, rebuild(description.calibration, model_folder.arrays(folder))


def _complete(reader: Reader, description: Description, calibration: Calibration) -> SelectiveClassifier:
    return SelectiveClassifier(reader, description.classes, description.image_size, description.crop, calibration)
