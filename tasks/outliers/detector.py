"""Outliers by the distance to the k-th nearest neighbour in feature space."""

import numpy as np
from numpy.typing import NDArray

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""
SHARE = 10
"""At most one in this many pictures is asked for as a neighbour, so that small sets have a score too."""


def scores(features: NDArray[np.float32], components: int, whitening: float, neighbours: int) -> NDArray[np.float64]:
    """How far each picture lies from the bulk, as a robust z, float64 (n,), from features >= 0, float32 (n, d).

    The distance to the k-th neighbour (Ramaswamy et al. 2000, "Efficient Algorithms for Mining Outliers from Large
    Data Sets") between square roots of the features scaled to unit length (Hellinger's distance), in their principal
    components, each divided by its standard deviation to the power of `whitening`: at 0 the distance is Hellinger's,
    at 1 that of Mahalanobis. What is foreign lies in directions in which cells vary little.

    The logarithm of the distance is close to normal over real cells, also those of a rare batch, so it is given in
    standard deviations from the median, both estimated robustly (Iglewicz and Hoaglin 1993, modified z-score).
    Fewer than three pictures score 0: nothing can be said of them.
    """
    if len(features) < 3:
        return np.zeros(len(features))
    from sklearn.neighbors import NearestNeighbors  # takes over a second: wrong settings and inputs are told before

    points = _principal(_hellinger(features), components, whitening)
    k = max(1, min(neighbours, len(points) // SHARE))
    distances, _ = NearestNeighbors(n_neighbors=k + 1).fit(points).kneighbors(points)
    return robust_z(np.log(np.maximum(distances[:, -1], np.finfo(np.float32).tiny)))


def robust_z(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances from the median in robust standard deviations; 0 everywhere where half of the values are equal."""
    centre = np.median(values)
    spread = MAD_TO_SIGMA * np.median(np.abs(values - centre))
    return (values - centre) / spread if spread > 0 else np.zeros(len(values))


def _hellinger(features: NDArray[np.float32]) -> NDArray[np.float32]:
    roots = np.sqrt(np.maximum(features, 0))
    return roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def _principal(points: NDArray[np.float32], components: int, whitening: float) -> NDArray[np.float32]:
    """Coordinates along the leading components, as many as the points allow, partly whitened."""
    from sklearn.decomposition import PCA

    basis = PCA(min(components, *points.shape), svd_solver="covariance_eigh").fit(points)
    deviations = np.sqrt(np.maximum(basis.explained_variance_, np.finfo(np.float32).tiny))
    return basis.transform(points) / deviations**whitening
