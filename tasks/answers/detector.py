"""How foreign a picture is to a network: what of its features lies outside the space that cells fill.

The residual of ViM (Wang et al. 2022, arXiv:2203.10807), with two changes. The features are pooled in the middle of the
network, not at its end: an end that was trained to tell eight classes apart has forgotten what else there is (of
patches of photographs it refused three quarters, the middle all of them). And the space is spanned by distorted cells
too, so that a bad picture of a cell is not taken for something else.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

LEAST = 1e-9
"""A score is at least this, for its logarithm is taken; features of length zero are left as they are."""


@dataclass(frozen=True)
class Detector:
    """The space of cells: `mean` float32 (d,), `components` float32 (k, d), orthonormal."""

    mean: NDArray[np.float32]
    components: NDArray[np.float32]

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The distance of unit-length features from the space, float32 (n,), 0 to about 2, from float32 (n, d)."""
        centred = _unit(features) - self.mean
        inside = centred @ self.components.T
        residual = centred - inside @ self.components
        return np.maximum(np.linalg.norm(residual, axis=1), LEAST).astype(np.float32)


def fit(features: NDArray[np.float32], components: int) -> Detector:
    """Span the space by the first principal components of features of cells, float32 (n, d).

    Raises ValueError where there are no more rows or dimensions than components.
    """
    if components >= min(features.shape):
        raise ValueError(
            f"calibrate.components must be below the {features.shape[0]} pictures and the {features.shape[1]} features "
            f"that span the space, got {components}"
        )
    found = PCA(components, svd_solver="full").fit(_unit(features).astype(np.float64))
    return Detector(found.mean_.astype(np.float32), found.components_.astype(np.float32))


def _unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), LEAST)
