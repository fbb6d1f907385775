"""What calibrates a network and lets it abstain, as it is kept in a model's folder."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.selective.detector import Detector, Space
from tasks.selective.temperature import Temperature

ANSWERED, OOD, UNSURE = "", "ood", "unsure"


class SelectivePrediction(NamedTuple):
    """What a model says of n images, in order."""

    probabilities: NDArray[np.float32]
    """(n, classes), calibrated"""
    score: NDArray[np.float32]
    """(n,), out-of-distribution score; larger is further out"""
    why: NDArray[np.str_]
    """(n,), "" where it answers, `ood` where it refuses the image, `unsure` where it abstains"""

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Index of the most probable class, int64 (n,), also where it gives no answer."""
        return self.probabilities.argmax(axis=1)

    @property
    def confidence(self) -> NDArray[np.float32]:
        """Its probability, float32 (n,)."""
        return self.probabilities.max(axis=1)

    def under(self, named: Sequence[str], names: Sequence[str]) -> "SelectivePrediction":
        """The same with probabilities of `names`, where `named` says what each class is called: those of one name add
        up."""
        into = np.eye(len(names), dtype=np.float32)[[names.index(name) for name in named]]
        return self._replace(probabilities=self.probabilities @ into)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Where it answers, (n,)."""
        return self.why == ANSWERED


@dataclass(frozen=True)
class Calibration:
    """`layers` names the network's layers whose pooled outputs the detector takes."""

    layers: tuple[str, ...]
    detector: Detector
    temperature: Temperature
    least_confidence: float
    largest_score: float

    def predict(self, probabilities: NDArray[np.float32], features: NDArray[np.float32]) -> SelectivePrediction:
        """From the network's probabilities (n, classes) and the layers' pooled features (n, d), both float32."""
        score = self.detector.score(features)
        calibrated = self.temperature.apply(probabilities, score)
        unsure = np.where(calibrated.max(axis=1) < self.least_confidence, UNSURE, ANSWERED)
        return SelectivePrediction(calibrated, score, np.where(score > self.largest_score, OOD, unsure))

    def describe(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        thresholds = {"least_confidence": self.least_confidence, "largest_score": self.largest_score}
        return {"layers": list(self.layers), "temperature": asdict(self.temperature), **thresholds}

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The rest of it."""
        spaces = {f"{name}{k}": array for k, space in enumerate(self.detector.spaces) for name, array in
                  space._asdict().items()}  # fmt: skip
        return {**spaces, "centre": self.detector.centre, "spread": self.detector.spread}


def rebuild(description: dict[str, Any], arrays: dict[str, NDArray[np.float32]]) -> Calibration:
    """The calibration that was written as these two. Raises ValueError where parts of it are missing."""
    try:
        layers = tuple(description["layers"])
        spaces = tuple(Space(arrays[f"mean{k}"], arrays[f"components{k}"]) for k, _ in enumerate(layers))
        return Calibration(
            layers,
            Detector(spaces, arrays["centre"], arrays["spread"]),
            Temperature(**description["temperature"]),
            float(description["least_confidence"]),
            float(description["largest_score"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"the model's calibration is incomplete: {error}") from error
