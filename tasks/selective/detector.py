"""How far an image lies out of distribution: what of its features is outside the spaces that cells fill.

The residual of ViM (Wang et al. 2022, arXiv:2203.10807), with three changes. The features are pooled after several
blocks from the middle of the network on, not at its end: an end that was trained to tell eight classes apart has
forgotten what else there is. One block alone is not enough either: the middle refuses whatever is no cell, but bad
images of cells too, the later blocks the other way round, and the mean of both does neither (benchmarks/ood.py).
And the spaces are spanned by corrupted cells as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-9
"""A residual is at least this, for its logarithm is taken; features of length zero are left as they are."""

Array = NDArray[np.float32]


class Space(NamedTuple):
    """The space of cells after one block: `mean` float32 (d,), `components` float32 (k, d), orthonormal."""

    mean: Array
    components: Array

    def residual(self, features: Array) -> NDArray[np.float64]:
        """Logarithm of the distance of unit-length features from the space, float64 (n,), from float32 (n, d)."""
        centred = _unit(features) - self.mean
        outside = centred - (centred @ self.components.T) @ self.components
        return np.log(np.maximum(np.linalg.norm(outside, axis=1).astype(np.float64), LEAST))


@dataclass(frozen=True)
class Detector:
    """One space a block, and by what their residuals are standardized: `centre`, `spread` float32 (blocks,)."""

    spaces: tuple[Space, ...]
    centre: Array
    spread: Array

    def score(self, features: Array) -> Array:
        """Mean standardized residual, float32 (n,): near 0 for cells, larger the further out of distribution.

        `features` are float32 (n, d), those of all blocks beside each other.
        """
        standard = (_residuals(self.spaces, features) - self.centre) / self.spread
        return standard.mean(axis=1).astype(np.float32)


def fit(cells: Array, widths: Sequence[int], components: int, others: Array) -> Detector:
    """Spaces from features of cells, float32 (n, d), standardized on those of `others`, cells too, float32 (m, d).

    `widths` are the numbers of features of each block, d in all. Raises ValueError where there are no more rows or
    features of a block than components.
    """
    parts = np.split(cells, np.cumsum(widths)[:-1], axis=1)
    spaces = tuple(_space(part, components) for part in parts)
    residuals = _residuals(spaces, others)
    spread = np.maximum(residuals.std(axis=0), LEAST)
    return Detector(spaces, residuals.mean(axis=0).astype(np.float32), spread.astype(np.float32))


def _space(features: Array, components: int) -> Space:
    if components >= min(features.shape):
        raise ValueError(
            f"calibrate.components must be below the {features.shape[0]} images and the {features.shape[1]} features "
            f"that span a space, got {components}"
        )
    from sklearn.decomposition import PCA  # here: predictions need none of it, and it takes seconds to come

    found = PCA(components, svd_solver="full").fit(_unit(features).astype(np.float64))
    return Space(found.mean_.astype(np.float32), found.components_.astype(np.float32))


def _residuals(spaces: Sequence[Space], features: Array) -> NDArray[np.float64]:
    ends = np.cumsum([len(space.mean) for space in spaces])
    parts = np.split(features, ends[:-1], axis=1)
    return np.stack([space.residual(part) for space, part in zip(spaces, parts, strict=True)], axis=1)


def _unit(features: Array) -> Array:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), LEAST)
