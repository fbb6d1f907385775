"""Fits a calibration to a network, on validation rows, clean and distorted."""

import numpy as np
from numpy.typing import NDArray

from tasks import feed
from tasks.answers import abstain, detector, temperature
from tasks.answers.answerer import Reader
from tasks.answers.calibration import Calibration
from tasks.answers.temperature import Judged
from tasks.backbones import table
from tasks.calibrate.settings import Calibrate
from tasks.distortions import validation
from tasks.feed import Source
from tasks.model import Classifier
from tasks.splits import Part


def middle(classifier: Classifier) -> str:
    """Name of the last layer with maps of the middle one of the backbone's blocks.

    Raises ValueError where the model does not say which backbone of the table it has.
    """
    backbone = str(classifier.provenance.get("train", {}).get("backbone", ""))
    wanted = (len(table.blocks(backbone)) - 1) // 2
    inside = [
        layer.name
        for layer in classifier.network.layers
        if table.block_of(backbone, layer.name) == wanted and len(layer.output.shape) == 4
    ]
    return inside[-1]


def fit(settings: Calibrate, classifier: Classifier, arrays: Source, train: Part, val: Part) -> Calibration:
    """The space of cells from train, temperature and thresholds from val; all of it clean and distorted.

    The kinds of distortion are those that the epoch was chosen by, under other draws, never those of the test suite.
    """
    layer = middle(classifier)
    reader = Reader(classifier.network, layer)
    reference = train.at(_drawn(len(train), settings))
    features = [reader.over(each)[1] for each in _both(settings, arrays, reference)]
    cells = detector.fit(np.concatenate(features), settings.components)
    clean, distorted = (
        Judged(probabilities, cells.score(inside), val.labels)
        for probabilities, inside in map(reader.over, _both(settings, arrays, val))
    )
    fitted = temperature.fit(clean, distorted, settings.distorted_weight)
    calibrated = fitted.apply(clean.probabilities, clean.score)
    right = calibrated.argmax(axis=1) == clean.labels
    return Calibration(
        layer,
        cells,
        fitted,
        abstain.least_confidence(calibrated.max(axis=1), right, settings.wanted_accuracy),
        abstain.largest_score(distorted.score, settings.refused),
    )


def _drawn(rows: int, settings: Calibrate) -> NDArray[np.int64]:
    rng = np.random.default_rng(settings.seed)
    return np.sort(rng.choice(rows, min(rows, settings.reference), replace=False))


def _both(settings: Calibrate, arrays: Source, part: Part) -> list["Batches"]:
    return [Batches(arrays, part, settings.batch, seed) for seed in (None, settings.seed + 1)]


class Batches:
    """Pictures of `part`, uint8, a batch at a time; with a seed each under a chain of distortions."""

    def __init__(self, arrays: Source, part: Part, batch: int, seed: int | None):
        self._data = feed.batches(arrays, part.places, batch)
        self._ids, self._batch, self._seed = part.ids, batch, seed

    def __iter__(self):  # type: ignore[no-untyped-def]
        for k, pictures in enumerate(self._data.as_numpy_iterator()):
            ids = self._ids[k * self._batch : (k + 1) * self._batch]
            yield pictures if self._seed is None else validation.chain(pictures, ids, self._seed)
