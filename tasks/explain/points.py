"""Features of many images as points of few dimensions, in bounded memory, read once."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

SAMPLE = 20_000
"""Images at most, evenly spread, from which the principal components are taken."""
PIECE = 2048
"""Images whose features are held at a time, those of the sample apart."""

Read = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""From positions, int64 (n,), to the features of the images there, float32 (n, d)."""


def principal(read: Read, count: int, components: int) -> NDArray[np.float32]:
    """Positions 0 to count - 1 as points, float32 (count, at most `components`): principal components.

    All are divided by one number, so that their variance is 1 on the average, and keep their proportions: what varies
    little stays little. Divided each by its own, as is usual, the last components, noise for the most part, would weigh
    as much as the first: measured, that finds fewer wrong labels. `components` is cut to what features and sample have.
    """
    sample, rest = _spread(count)
    features = read(sample)
    with threadpool_limits(limits=1):  # the same bits for any number of cores
        pca = PCA(min(components, *features.shape), svd_solver="covariance_eigh").fit(features)
    scale = max(float(np.sqrt(pca.explained_variance_.mean())), np.finfo(np.float32).tiny)
    points = np.empty((count, pca.n_components_), np.float32)
    points[sample] = pca.transform(features) / scale
    for piece in _pieces(rest):
        points[piece] = pca.transform(read(piece)) / scale
    return points


def _spread(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the sample, and the others, both in ascending order."""
    number = min(SAMPLE, count)
    sample = np.arange(number) * count // number
    return sample, np.setdiff1d(np.arange(count), sample, assume_unique=True)


def _pieces(positions: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(positions), PIECE):
        yield positions[start : start + PIECE]
