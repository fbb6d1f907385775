"""Fits a calibration to a network, on validation rows, clean and corrupted."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tasks import loader
from tasks.backbones import table
from tasks.calibrate.settings import Calibrate
from tasks.corruptions import validation
from tasks.loader import Source
from tasks.model import Classifier
from tasks.selective import abstention, detector, temperature
from tasks.selective.calibration import Calibration
from tasks.selective.keras_reader import KerasReader
from tasks.selective.temperature import Judged
from tasks.splits import Part


def inner(classifier: Classifier) -> tuple[str, ...]:
    """Names of the last layers with maps of the backbone's blocks, from the middle one to the last but one.

    Raises ValueError where the model does not say which backbone of the table it has.
    """
    backbone = str(classifier.provenance.get("train", {}).get("backbone", ""))
    number = len(table.blocks(backbone))
    ends = {
        table.block_of(backbone, layer.name): layer.name
        for layer in classifier.network.layers
        if len(getattr(layer.output, "shape", ())) == 4
    }
    return tuple(ends[block] for block in range((number - 1) // 2, number - 1))


def fit(settings: Calibrate, classifier: Classifier, arrays: Source, train: Part, val: Part) -> Calibration:
    """The spaces of cells from train, temperature and thresholds from val; all of it clean and corrupted.

    The kinds of corruption are those that the epoch was chosen by, under other draws, never those of the corruption
    benchmark.
    """
    layers = inner(classifier)
    reader = KerasReader(classifier.network, layers)
    reference = train.at(_drawn(len(train), settings))
    cells = np.concatenate([reader.over(each)[1] for each in _both(settings, arrays, reference)])
    (probabilities, features), (probabilities_corrupted, features_corrupted) = map(
        reader.over, _both(settings, arrays, val)
    )
    others = np.concatenate([features, features_corrupted])
    found = detector.fit(cells, reader.widths, settings.components, others)
    clean = Judged(probabilities, found.score(features), val.labels)
    corrupted = Judged(probabilities_corrupted, found.score(features_corrupted), val.labels)
    return _judged(settings, layers, found, clean, corrupted)


def _judged(
    settings: Calibrate, layers: tuple[str, ...], found: detector.Detector, clean: Judged, corrupted: Judged
) -> Calibration:
    fitted = temperature.fit(clean, corrupted, settings.corruption_weight)
    calibrated = fitted.apply(clean.probabilities, clean.score)
    right = calibrated.argmax(axis=1) == clean.labels
    least = abstention.least_confidence(calibrated.max(axis=1), right, settings.target_accuracy)
    return Calibration(
        layers, found, fitted, least, abstention.largest_score(clean.score, settings.ood_false_positive_rate)
    )


def _drawn(rows: int, settings: Calibrate) -> NDArray[np.int64]:
    rng = np.random.default_rng(settings.seed)
    return np.sort(rng.choice(rows, min(rows, settings.reference), replace=False))


def _both(settings: Calibrate, arrays: Source, part: Part) -> list["Batches"]:
    return [Batches(arrays, part, settings.batch, seed) for seed in (None, settings.seed + 1)]


class Batches:
    """Images of `part`, uint8, a batch at a time; with a seed each under a chain of corruptions."""

    def __init__(self, arrays: Source, part: Part, batch: int, seed: int | None):
        self._data = loader.batches(arrays, part.places, batch)
        self._ids, self._batch, self._seed = part.ids, batch, seed

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        for k, images in enumerate(self._data.as_numpy_iterator()):
            ids = self._ids[k * self._batch : (k + 1) * self._batch]
            yield images if self._seed is None else validation.chain(images, ids, self._seed)
