"""Near copies: pairs with close perceptual hashes, confirmed on their pixels."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

QUERIES = 4096
"""Hashes looked up at a time: bounds the memory of the candidates' distances."""
PAIRS = 512
"""Pairs of pictures compared at a time."""
GAIN = (0.8, 1.25)
"""Factors of brightness that the comparison may take out; copies beyond them are taken for other pictures."""


class Pairs(NamedTuple):
    """Pairs of positions, `first` < `second`, with the measure of each; all arrays of one length."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    measure: NDArray[np.float64]


def close_hashes(hashes: NDArray[np.uint8], max_distance: int) -> Pairs:
    """All pairs of packed hashes, uint8 (n, bytes), at most `max_distance` bits apart; the measure is that distance."""
    if len(hashes) < 2:
        return _joined([])
    index = faiss.IndexBinaryFlat(hashes.shape[1] * 8)
    index.add(hashes)
    return _joined([_looked_up(index, hashes, start, max_distance) for start in range(0, len(hashes), QUERIES)])


def confirmed(pairs: Pairs, take: Callable[[NDArray[np.int64]], NDArray[np.uint8]], max_rmse: float) -> Pairs:
    """Those of `pairs` whose pictures differ by at most `max_rmse` grey levels; the measure is that RMSE.

    `take` gives the pictures at positions, uint8 (n, height, width, 3).
    """
    measures = [rmse(take(first), take(second)) for first, second in _chunks(pairs)]
    measure = np.concatenate([np.zeros(0), *measures])
    good = measure <= max_rmse
    return Pairs(pairs.first[good], pairs.second[good], measure[good])


def rmse(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Root mean square difference in grey levels, float64 (n,), of pictures uint8 (n, height, width, 3).

    `a` is first brought to the brightness of `b` by the factor that leaves the least difference, within GAIN.
    """
    x, y = (pictures.reshape(len(pictures), -1).astype(np.float64) for pictures in (a, b))
    gain = np.clip((x * y).sum(1) / np.maximum((x * x).sum(1), 1), *GAIN)
    return np.sqrt(np.square(x * gain[:, None] - y).mean(1))


def _looked_up(index: faiss.IndexBinaryFlat, hashes: NDArray[np.uint8], start: int, max_distance: int) -> Pairs:
    # range_search is strict: it finds what lies nearer than the radius.
    limits, distances, found = index.range_search(hashes[start : start + QUERIES], max_distance + 1)
    query = start + np.repeat(np.arange(len(limits) - 1), np.diff(limits.astype(np.int64)))
    once = query < found
    return Pairs(query[once], found[once].astype(np.int64), distances[once].astype(np.float64))


def _joined(parts: list[Pairs]) -> Pairs:
    empty = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    first, second, measure = (np.concatenate(arrays) for arrays in zip(empty, *parts, strict=True))
    order = np.lexsort((second, first))
    return Pairs(first[order], second[order], measure[order])


def _chunks(pairs: Pairs) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    for start in range(0, len(pairs.first), PAIRS):
        yield pairs.first[start : start + PAIRS], pairs.second[start : start + PAIRS]
