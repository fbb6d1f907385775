"""Outliers of a small set, in which distances alone find a third of what is no cell and lose cells all the same."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from tasks.outliers import detector
from tasks.outliers.detector import Detection

SMALL = 300
"""Images from which on a set's own distances decide alone."""
FREEDOM = 8
"""Degrees of freedom of Student's distribution of scores. Median and deviation are of few images, and those of several
classes: up to z = 6 in 3,000 sets of 40 to 200 cells."""
STRANGE, APART = 4.0, 1.0
"""Standard deviations towards the foreign from which an image is an outlier, if its own score is at least APART."""


def detect(
    points: NDArray[np.float32],
    strangeness: NDArray[np.float64],
    bulk: NDArray[np.bool_],
    neighbours: int,
    false_alarm: float,
) -> Detection:
    """As `detector.detect`, by either of two witnesses, on one scale.

    The distance in the set itself, whose limit is higher than in large sets, by Student's distribution. And
    `strangeness`, (n,), from a reference (`tasks.outliers.reference`), where the set itself has the image among its
    farther ones: it counts in limits, so that STRANGE is the limit.
    """
    beyond = limit(int(bulk.sum()), false_alarm)
    own = detector.detect(points, bulk, neighbours, false_alarm, beyond).scores
    foreign = np.where(own >= APART, strangeness * beyond / STRANGE, 0.0)
    return Detection(np.maximum(own, foreign), beyond)


def limit(n: int, false_alarm: float) -> float:
    """The score that none of `n` values of that distribution exceeds, but with the probability `false_alarm`."""
    return float(-stdtrit(FREEDOM, -np.expm1(np.log1p(-false_alarm) / max(n, 1))))
