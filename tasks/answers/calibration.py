"""All that makes a network's outputs an honest answer, as it is kept in a model's folder."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.answers.detector import Detector
from tasks.answers.temperature import Temperature

ANSWERED, FOREIGN, UNSURE = "", "foreign", "unsure"


class Answers(NamedTuple):
    """What a model says of n pictures, in order."""

    probabilities: NDArray[np.float32]
    """(n, classes), calibrated"""
    score: NDArray[np.float32]
    """(n,), how foreign each picture is; larger is more foreign"""
    why: NDArray[np.str_]
    """(n,), "" where it answers, `foreign` where it refuses the picture, `unsure` where it abstains"""

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Index of the most probable class, int64 (n,), also where it gives no answer."""
        return self.probabilities.argmax(axis=1)

    @property
    def confidence(self) -> NDArray[np.float32]:
        """Its probability, float32 (n,)."""
        return self.probabilities.max(axis=1)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Where it answers, (n,)."""
        return self.why == ANSWERED


@dataclass(frozen=True)
class Calibration:
    """`layer` names the network's layer whose pooled output the detector takes."""

    layer: str
    detector: Detector
    temperature: Temperature
    least_confidence: float
    largest_score: float

    def answers(self, probabilities: NDArray[np.float32], features: NDArray[np.float32]) -> Answers:
        """From the network's probabilities (n, classes) and the layer's pooled features (n, d), both float32."""
        score = self.detector.score(features)
        calibrated = self.temperature.apply(probabilities, score)
        unsure = np.where(calibrated.max(axis=1) < self.least_confidence, UNSURE, ANSWERED)
        return Answers(calibrated, score, np.where(score > self.largest_score, FOREIGN, unsure))

    def describe(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        thresholds = {"least_confidence": self.least_confidence, "largest_score": self.largest_score}
        return {"layer": self.layer, "temperature": asdict(self.temperature), **thresholds}

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The rest of it."""
        return {"mean": self.detector.mean, "components": self.detector.components}


def rebuild(description: dict[str, Any], arrays: dict[str, NDArray[np.float32]]) -> Calibration:
    """The calibration that was written as these two. Raises ValueError where parts of it are missing."""
    try:
        return Calibration(
            str(description["layer"]),
            Detector(arrays["mean"], arrays["components"]),
            Temperature(**description["temperature"]),
            float(description["least_confidence"]),
            float(description["largest_score"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"the model's calibration is incomplete: {error}") from error
