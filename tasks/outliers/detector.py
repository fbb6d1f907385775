"""Outliers by the distance to the k-th nearest neighbour in feature space, with a limit that follows from the data."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tasks.features import nearest

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""
SHARE = 10
"""At most one in this many images is asked for as a neighbour, so that small sets have a score too."""
LEAST = 10_000
"""Images in the least set whose limit is taken. Smaller sets have a heavier tail than the normal distribution (up to
z = 4.6 among 1,600 cells), and outliers lie farther out in them."""
ROUNDS = 20
"""More than any set needed; each finds fewer than the one before."""


class Detection(NamedTuple):
    """Scores of all points, float64 (n,), and the limit above which an image is an outlier."""

    scores: NDArray[np.float64]
    limit: float


def detect(
    points: NDArray[np.float32],
    bulk: NDArray[np.bool_],
    neighbours: int,
    false_alarm: float,
    beyond: float | None = None,
) -> Detection:
    """How far each of the points, (n, d), lies from those of the `bulk`, as a robust z.

    The distance to the k-th neighbour (Ramaswamy et al. 2000, "Efficient Algorithms for Mining Outliers from Large
    Data Sets"). Its logarithm is close to normal over real cells, also those of a rare batch, so it is given in
    standard deviations from the median, both estimated robustly (Iglewicz and Hoaglin 1993, modified z-score).

    What lies beyond the limit is taken out of the bulk, and the rest looked at again, until nothing new lies beyond:
    so outliers that come many times over do not pass as each other's neighbours. Fewer than three points in
    the bulk give scores of 0: nothing can be said of them. The limit is `beyond`, or follows from the set.
    """
    beyond = limit(int(bulk.sum()), false_alarm) if beyond is None else beyond
    scores = np.zeros(len(points))
    for _ in range(ROUNDS):
        if bulk.sum() < 3:
            break
        scores = _scores(points, bulk, neighbours)
        left = bulk & (scores <= beyond)
        if left.sum() == bulk.sum():
            break
        bulk = left
    return Detection(scores, beyond)


def limit(n: int, false_alarm: float) -> float:
    """The z that none of `n` normal values exceeds, but with the probability `false_alarm`; `n` at least LEAST.

    The outlier region of Davies and Gather 1993, "The Identification of Multiple Outliers": it widens with the set, so
    that a set of any size without outliers loses one with the same small probability.
    """
    return float(-ndtri(-np.expm1(np.log1p(-false_alarm) / max(n, LEAST))))


def robust_z(values: NDArray[np.float64], bulk: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distances from the bulk's median in its robust standard deviations; 0 where half of it is equal."""
    centre = np.median(values[bulk])
    spread = MAD_TO_SIGMA * np.median(np.abs(values[bulk] - centre))
    return (values - centre) / spread if spread > 0 else np.zeros(len(values))


def _scores(points: NDArray[np.float32], bulk: NDArray[np.bool_], neighbours: int) -> NDArray[np.float64]:
    k = max(1, min(neighbours, int(bulk.sum()) // SHARE))
    squares, _ = nearest(points, points[bulk], k + 1)
    kth = np.where(bulk, squares[:, k], squares[:, k - 1]).astype(np.float64)  # a member's first neighbour is itself
    return robust_z(np.log(np.maximum(kth, np.finfo(np.float32).tiny)) / 2, bulk)
