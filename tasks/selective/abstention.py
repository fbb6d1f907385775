"""When a classifier abstains (Chow 1970; El-Yaniv and Wiener 2010)."""

import numpy as np
from numpy.typing import NDArray

NEVER = 1.0 + 1e-6
"""A confidence that nothing reaches."""


def least_confidence(confidence: NDArray[np.float32], right: NDArray[np.bool_], target: float) -> float:
    """The least confidence at which answers are right in a share of at least `target`, with all above it.

    `confidence` float32 (n,), 0 to 1, of the predicted classes; `right` whether they are true. 0 where all may be
    answered, `NEVER` where even the most confident answers are wrong too often.
    """
    order = np.argsort(-confidence, kind="stable")
    sorted_, accuracy = confidence[order], np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_ties = np.append(sorted_[1:] != sorted_[:-1], True)  # one threshold cannot part equal confidences
    enough = np.flatnonzero((accuracy >= target) & last_of_ties)
    if not len(enough):
        return NEVER
    return 0.0 if enough[-1] == len(order) - 1 else float(sorted_[enough[-1]])


def largest_score(scores: NDArray[np.float32], false_positive_rate: float) -> float:
    """The score that a share of at most `false_positive_rate` of cells exceeds, `scores` being those of known cells,
    float32."""
    return float(np.quantile(scores, 1 - false_positive_rate, method="higher"))


def risk_coverage(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each share of the images that is answered, the most confident first: the share of wrong ones among them.

    float64 (n, 2): coverage, risk (El-Yaniv and Wiener 2010, "On the foundations of noise-free selective
    classification").
    """
    order = np.argsort(-confidence, kind="stable")
    count = np.arange(1, len(order) + 1)
    return np.stack([count / len(order), np.cumsum(~right[order]) / count], axis=1)
