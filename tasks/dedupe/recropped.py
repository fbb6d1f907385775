"""Copies cropped anew: neighbours in feature space, registered, and compared where they overlap.

A perceptual hash cannot see them: a shift by a few pixels changes a third of its bits. The features hardly change.
"""

from typing import Any

import faiss
import numpy as np
import pandas as pd
import scipy.fft
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from tasks import store
from tasks.dedupe import near, pairs
from tasks.features import chunks, projected

DIMENSIONS = 256
"""Of the projected features in which neighbours are sought: as good as all 1,280, in a quarter of the time."""
SIDE = 48
"""Side of the small images on which most candidates are refuted."""
LEAST_CORRELATION = 0.9
"""Of the small images where they overlap, for a candidate to be registered at full size; true copies have 0.96."""
UPSAMPLING = 10
"""The registration is to a tenth of a pixel."""

Pair = NDArray[np.int64]


def neighbours(features: store.Arrays, places: NDArray[np.int64], count: int) -> Pair:
    """Pairs of positions in `places`, int64 (m, 2), first < second: each image with its `count` nearest ones.

    Of those that came with it or before: a later delivery takes no neighbour away. `places` are in order of delivery.
    """
    points = projected(features, places, DIMENSIONS)
    index = faiss.IndexFlatL2(DIMENSIONS)
    pairs = [np.zeros((0, 2), np.int64)]
    for delivery in np.unique(places[:, 0]):
        mine = np.flatnonzero(places[:, 0] == delivery)
        index.add(points[mine])
        _, found = index.search(points[mine], min(count + 1, index.ntotal))
        pairs.append(np.stack([np.repeat(mine, found.shape[1]), found.ravel()], axis=1))
    ends = np.concatenate(pairs)
    return np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0)


def confirmed(candidates: Pair, take: near.Take, max_shift: float, max_rmse: float) -> pd.DataFrame:
    """The table of those candidates that show one image, shifted by at most `max_shift` (a share of the side)."""
    positions, candidate = np.unique(candidates, return_inverse=True)
    small = np.concatenate([np.zeros((0, SIDE, SIDE), np.uint8), *(_small(take(part)) for part in chunks(positions))])
    alike = [_alike(small, part, max_shift) for part in chunks(candidate.reshape(-1, 2))]
    likely = candidates[np.concatenate([np.zeros(0, bool), *alike])]
    found = np.array([_registered(a, b, take, max_shift) for a, b in likely], np.float64).reshape(-1, 5)
    columns = dict(zip(("first", "second", "dy", "dx", "rmse"), found.T, strict=True))
    table = pairs.table(**columns, kind="recropped")
    return table[table["rmse"] <= max_rmse]


def _small(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey images, (n, SIDE, SIDE)."""
    grey = [Image.fromarray(one).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX) for one in images]
    return np.stack([np.asarray(one) for one in grey])


def _alike(small: NDArray[np.uint8], candidates: Pair, max_shift: float) -> NDArray[np.bool_]:
    """Which candidates' small images agree where they overlap best; few do."""
    positions, place = np.unique(candidates, return_inverse=True)
    centred = _centred(small[positions])
    phases = _phases(centred)
    first, second = place.reshape(-1, 2).T
    a, b = centred[first], centred[second]
    shifts = _peaks(phases[first], phases[second], int(np.ceil(max_shift * SIDE)))
    found = np.zeros(len(a))
    for dy, dx in np.unique(shifts, axis=0):
        here = (shifts == (dy, dx)).all(axis=1)
        found[here] = _correlations(a[here], b[here], dy, dx)
    return found >= LEAST_CORRELATION


def _phases(images: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Fourier transforms of the images with every amplitude 1. A window takes the borders out."""
    spectrum = scipy.fft.rfft2(images * _window(SIDE))
    return spectrum / np.maximum(np.abs(spectrum), np.finfo(np.float32).tiny)


def _peaks(a: NDArray[np.complex64], b: NDArray[np.complex64], reach: int) -> NDArray[np.int64]:
    """Shifts of `b` against `a` in whole pixels up to `reach`, int64 (n, 2), by phase correlation.

    Kuglin and Hines 1975, "The phase correlation image alignment method".
    """
    surface = np.roll(scipy.fft.irfft2(b * np.conj(a), s=(SIDE, SIDE)), (reach, reach), axis=(1, 2))
    width = 2 * reach + 1
    best = surface[:, :width, :width].reshape(len(a), -1).argmax(axis=1)
    return np.stack(np.unravel_index(best, (width, width)), axis=1) - reach


def _correlations(a: NDArray[np.float32], b: NDArray[np.float32], dy: int, dx: int) -> NDArray[np.float32]:
    """Correlation of each pair, float32 (n,), where the two overlap: what `a` shows lies in `b` at (dy, dx)."""
    side = a.shape[1]
    x = a[:, max(0, -dy) : side - max(0, dy), max(0, -dx) : side - max(0, dx)].reshape(len(a), -1)
    y = b[:, max(0, dy) : side + min(0, dy), max(0, dx) : side + min(0, dx)].reshape(len(b), -1)
    x, y = _centred(x), _centred(y)
    return (x * y).sum(1) / np.maximum(np.sqrt((x * x).sum(1) * (y * y).sum(1)), 1)


def _registered(a: int, b: int, take: near.Take, max_shift: float) -> tuple[float, ...]:
    """The pair, its shift to a tenth of a pixel, and the RMSE where the two overlap; infinite beyond `max_shift`."""
    from skimage.registration import phase_cross_correlation  # only where there is a pair to register

    images = take(np.array([a, b]))
    first, second = _centred(images.mean(axis=3, dtype=np.float32)) * _window(images.shape[1])
    shift, _, _ = phase_cross_correlation(second, first, upsample_factor=UPSAMPLING)
    if np.abs(shift).max() > max_shift * len(first):
        return a, b, *shift, np.inf
    moved = ndimage.shift(images[0], (*shift, 0), order=1, mode="nearest")
    rmse, _ = near.difference(_covered(moved, shift)[None], _covered(images[1], shift)[None])
    return a, b, *shift, rmse[0]


def _covered(image: NDArray[np.uint8], shift: NDArray[np.float64]) -> NDArray[np.uint8]:
    """What of an image moved by `shift` shows content, not the border's."""
    (top, left), (bottom, right) = np.ceil(np.maximum(shift, 0)), np.ceil(np.maximum(-shift, 0))
    height, width = image.shape[:2]
    return image[int(top) : height - int(bottom), int(left) : width - int(right)]


def _centred(arrays: NDArray[Any]) -> NDArray[np.float32]:
    """Each of them with mean 0."""
    values = arrays.astype(np.float32)
    return values - values.mean(axis=tuple(range(1, values.ndim)), keepdims=True)


def _window(side: int) -> NDArray[np.float32]:
    one = np.sqrt(np.hanning(side + 2)[1:-1])
    return np.outer(one, one).astype(np.float32)
