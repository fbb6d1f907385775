"""The bootstrap: which rows are drawn, and the interval of what comes of it.

Split groups are drawn, not rows: copies of one cell are no independent evidence (the cluster bootstrap, Davison and
Hinkley 1997, section 3.8). They are drawn within their class, as the test rows were chosen within their class (the
stratified bootstrap, section 3.2), so no draw lacks a class. Each draw is applied to both models and to every figure
of them: the bootstrap is paired, and what the models have in common cancels out.

Intervals are percentile intervals (Efron and Tibshirani 1993, chapter 13), widened to hold the estimate. BCa intervals
cover a little better, but their bounds depend on the data by more than the order of the resampled values: an answer
that is put right may shift them the wrong way. Percentiles move with every resampled value, which `tasks.gate.decide`
relies on. Both bounds are resampled values, taken outwards, never interpolated: interpolation rounds.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 32 << 20
"""Memory of the weights at hand; the draws come in blocks of that."""


class Groups(NamedTuple):
    """Split groups in the order of their names."""

    of_row: NDArray[np.int64]
    """(n,), the place of each row's group"""
    stratum: NDArray[np.int64]
    """(groups,), the class in which each is drawn: the least index among its rows"""


def group(names: NDArray[np.str_], truth: NDArray[np.int64]) -> Groups:
    """From each row's split group, str (n,), and true class, int64 (n,)."""
    unique, of_row = np.unique(names, return_inverse=True)
    stratum = np.full(len(unique), np.iinfo(np.int64).max)
    np.minimum.at(stratum, of_row, truth)
    return Groups(of_row, stratum)


def draws(stratum: NDArray[np.int64], resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """How often each group is drawn, float32 (draws, groups), block after block, `resamples` draws in all.

    As many groups as there are, with replacement, within each stratum. Every draw has a generator of its own, so
    neither the blocks nor their order matter. The counts are whole numbers: sums of them are exact, in float32 up to
    16 million rows, and depend on no order either.
    """
    order = np.argsort(stratum, kind="stable")
    first, last = (np.searchsorted(stratum[order], stratum[order], side) for side in ("left", "right"))
    block = max(1, BLOCK_BYTES // (4 * len(stratum)))
    for start in range(0, resamples, block):
        weights = np.empty((min(block, resamples - start), len(stratum)), np.float32)
        for k in range(len(weights)):
            places = np.random.default_rng([seed, start + k]).integers(first, last)
            weights[k] = np.bincount(order[places], minlength=len(stratum))
        yield weights


def interval(resampled: NDArray[np.float64], estimate: float, level: float) -> tuple[float, float]:
    """The percentile interval of that level, 0 to 1. Draws that hold no row of a slice are NaN and left out."""
    known = resampled[~np.isnan(resampled)]
    tail = (1 - level) / 2
    low = float(np.quantile(known, tail, method="lower"))
    high = float(np.quantile(known, 1 - tail, method="higher"))
    return min(low, estimate), max(high, estimate)
