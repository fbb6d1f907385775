"""A temperature that makes probabilities mean what they say, also for images unlike those that it was fitted on.

Temperature scaling (Guo et al. 2017, arXiv:1706.04599) with a temperature that rises with the distance of an image
from the training set, as in density-aware calibration (Tomani et al. 2023, arXiv:2302.05118): one temperature for all
is either too low for corrupted images or too high for clean ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-12
"""Of a probability, before its logarithm is taken."""
REACH = (-2.0, 12.0)
"""Standard deviations at which a distance is cut off: the temperature of what is nowhere near a cell is no matter."""


@dataclass(frozen=True)
class Temperature:
    """softplus(base + slope * z), z being a score (see `detector`), standardized by `centre` and `spread`."""

    base: float
    slope: float
    centre: float
    spread: float

    def of(self, score: NDArray[np.float32]) -> NDArray[np.float64]:
        """The temperature of each image by its score, float64 (n,), above 0."""
        return np.logaddexp(0, self.base + self.slope * self._standardized(score))

    def apply(self, probabilities: NDArray[np.float32], score: NDArray[np.float32]) -> NDArray[np.float32]:
        """Calibrated probabilities, float32 (n, classes); the order of the classes stays what it was."""
        scaled = np.log(np.maximum(probabilities.astype(np.float64), LEAST)) / self.of(score)[:, None]
        raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)

    def _standardized(self, score: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.clip((score.astype(np.float64) - self.centre) / self.spread, *REACH)


@dataclass(frozen=True)
class Judged:
    """What a network said of images whose class is known: probabilities (n, classes), score (n,), labels (n,)."""

    probabilities: NDArray[np.float32]
    score: NDArray[np.float32]
    labels: NDArray[np.int64]


def fit(clean: Judged, corrupted: Judged, weight: float) -> Temperature:
    """The temperature of the least cross-entropy on clean images and, times `weight`, on corrupted ones."""
    from scipy.optimize import minimize  # here: predictions need none of it, and it takes a second to come

    score = clean.score.astype(np.float64)
    centre, spread = float(score.mean()), float(max(score.std(), 1e-6))

    def loss(x: NDArray[np.float64]) -> float:
        tried = Temperature(x[0], x[1], centre, spread)
        return _cross_entropy(tried, clean) + weight * _cross_entropy(tried, corrupted)

    # One start, no gradient: two parameters, and the same steps on every machine.
    found = minimize(loss, [np.log(np.e - 1), 0.0], method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9})
    return Temperature(float(found.x[0]), float(found.x[1]), centre, spread)


def _cross_entropy(temperature: Temperature, judged: Judged) -> float:
    calibrated = temperature.apply(judged.probabilities, judged.score).astype(np.float64)
    of_truth = calibrated[np.arange(len(judged.labels)), judged.labels]
    return float(-np.log(np.maximum(of_truth, LEAST)).mean())
