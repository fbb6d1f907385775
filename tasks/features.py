"""Features as points between which distances say how alike two images look."""

from collections.abc import Iterator
from typing import NamedTuple

import faiss
import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from tasks import store

SAMPLE = 20_000
"""Images at most, evenly spread, from which the principal components are taken."""
BATCH = 1024


def hellinger(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Square roots scaled to unit length, float32 (n, d), of features >= 0, (n, d).

    Euclidean distances between them are Hellinger's between the features as distributions (times a constant): they
    weigh what many channels say a little over what one channel says loudly.
    """
    roots = np.sqrt(np.maximum(features, 0))
    return roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def projected(features: store.Arrays, places: NDArray[np.int64], dimensions: int) -> NDArray[np.float32]:
    """The images at `places` as points, float32 (n, `dimensions`), between which distances are nearly Hellinger's.

    By a random projection (Johnson and Lindenstrauss 1984), which knows no data: no later image moves a point.
    """
    width = features.shape[0]
    axes = (np.random.default_rng(0).normal(size=(width, dimensions)) / np.sqrt(dimensions)).astype(np.float32)
    points = [hellinger(features.take(part)) @ axes for part in chunks(places)]
    return np.concatenate([np.zeros((0, dimensions), np.float32), *points])


def principal(
    features: store.Arrays, places: NDArray[np.int64], components: int, whitening: float
) -> NDArray[np.float32]:
    """The images at `places` as points, float32 (n, at most `components` + 1), read in bounded memory.

    Principal components of `hellinger`, each divided by its standard deviation to the power of `whitening` (at 0
    distances are Hellinger's, at 1 Mahalanobis'), and as a last coordinate how far the image lies from the space of
    those components (the orthogonal distance of Hubert et al. 2005, "ROBPCA"), divided as the last of them: in it
    shows what no other image has.
    """
    if not len(places):
        return np.zeros((0, components + 1), np.float32)
    spread = np.linspace(0, len(places) - 1, min(SAMPLE, len(places))).astype(np.int64)
    basis = _basis(hellinger(features.take(places[spread])), components, whitening)
    return np.concatenate([_coordinates(hellinger(features.take(part)), basis) for part in chunks(places)])


class _Basis(NamedTuple):
    centre: NDArray[np.float32]  # (d,)
    axes: NDArray[np.float32]  # (d, components), of length 1, in ascending order of variance
    scale: NDArray[np.float32]  # (components,)


def _basis(sample: NDArray[np.float32], components: int, whitening: float) -> _Basis:
    centre = sample.mean(axis=0)
    variances, axes = _axes(sample - centre, components)
    least = max(variances.max() * 1e-9, np.finfo(np.float32).tiny)
    return _Basis(centre, axes, (np.maximum(variances, least) ** (whitening / 2)).astype(np.float32))


def _axes(centred: NDArray[np.float32], components: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The largest variances, (components,), in ascending order, and the axes to them, (d, components)."""
    number, width = centred.shape
    if number < width // 3:  # in a tenth of the time
        _, lengths, axes = scipy.linalg.svd(centred, full_matrices=False)
        return lengths[:components][::-1] ** 2 / number, axes[:components][::-1].T
    # Only those that are wanted: for all of them this would take five times as long.
    wanted = [max(0, width - components), width - 1]
    variances, axes = scipy.linalg.eigh(centred.T @ centred / number, subset_by_index=wanted)
    return variances, axes


def _coordinates(roots: NDArray[np.float32], basis: _Basis) -> NDArray[np.float32]:
    centred = roots - basis.centre
    inside = centred @ basis.axes
    outside = np.sqrt(np.maximum(np.square(centred).sum(1) - np.square(inside).sum(1), 0))
    return np.column_stack([inside / basis.scale, outside / basis.scale[0]]).astype(np.float32)


def nearest(
    points: NDArray[np.float32], among: NDArray[np.float32], count: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Squared distances, float32 (n, count), and positions, int64 (n, count), of the nearest of `among`."""
    index = faiss.IndexFlatL2(points.shape[1])
    index.add(among)
    distances, found = index.search(points, count)
    return distances, found


def chunks(array: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The array, BATCH entries at a time."""
    for start in range(0, len(array), BATCH):
        yield array[start : start + BATCH]
