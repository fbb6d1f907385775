"""Embeddings of new images against training images of their class.

A classifier two-sample test (Lopez-Paz and Oquab 2017, arXiv:1610.06545): where a classifier tells new from training
images that it did not learn from, they are drawn from different distributions. The classifier is Fisher's
discriminant, fitted by least squares with a small ridge on the principal components of the features, centred in each
class; the measure is the AUC over 5 folds, of pairs of one class and fold: how often, of a new and a training image
of the same class, it takes the right one for the new one. 0.5 is chance.

Why not logistic regression or a kernel (MMD, Gretton et al. 2012): fitted by least squares, all permutations are one
matrix product, so that the whole cross-validation is repeated in each of 999 permutations in a second. Without that
the test would need an approximation that fails for few images: cross-validated scores depend on one another.

Power in real cells, against 2,000 training images at a level of 0.01 (12 draws each): of a blur of half a pixel 0.4
at 30 new images, 1 at 100; of 8 more grey levels of blue 0.7 and 1; of a contrast of 0.9 instead of 1 0.4 and 0.8; of
8 more grey levels in all channels, to which these features are nearly blind, 0.1 and 0.4. At 30 new images that
nothing is found says little; `shows_from` says it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from tasks import store
from tasks.drift import bands
from tasks.drift.drift import Shift
from tasks.drift.evidence import shift
from tasks.drift.sample import Sample
from tasks.features import principal

COMPONENTS = 32
RIDGE = 0.01
"""Of each component's variance."""


def measured(sample: Sample, features: store.Arrays) -> Shift:
    """The shift, its size the AUC."""
    points = principal(features, features.places(sample.rows), COMPONENTS, whitening=0)
    new = int(sample.new[:, 0].sum())
    return shift(areas(sample, points), bands.EMBEDDINGS, new, len(points) - new)


def areas(sample: Sample, points: NDArray[np.float32]) -> NDArray[np.float64]:
    """The AUC of pairs in `points`, (n, d), for each column of `sample.new`."""
    inputs, targets = _scaled(_centred(points, sample.classes)), _centred(sample.new, sample.classes)
    total, counted = np.zeros(sample.new.shape[1]), 0
    for fold in np.unique(sample.folds):
        here = sample.folds == fold
        scores = inputs[here] @ _fitted(inputs[~here], targets[~here])
        for label in np.unique(sample.classes[here]):
            members = sample.classes[here] == label
            part, count = _wins(scores[members], sample.new[here][members])
            total, counted = total + part, counted + count
    return total / counted


def _fitted(inputs: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    gram = inputs.T @ inputs
    ridge = RIDGE * len(inputs) * np.eye(len(gram))
    return np.asarray(np.linalg.solve(gram + ridge, inputs.T @ targets), np.float64)


def _wins(scores: NDArray[np.float64], new: NDArray[np.bool_]) -> tuple[NDArray[np.float64], int]:
    """Per column the sum, over new images, of the share of the others that score lower (Mann and Whitney 1947)."""
    count = int(new[:, 0].sum())
    others = len(new) - count
    if not count or not others:
        return np.zeros(new.shape[1]), 0
    ranks = rankdata(scores, axis=0)
    return ((ranks * new).sum(axis=0) - count * (count + 1) / 2) / others, count


def _centred(values: NDArray[Any], classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Columns less their mean in each class."""
    centred = np.array(values, np.float64)
    for label in np.unique(classes):
        centred[classes == label] -= centred[classes == label].mean(axis=0)
    return centred


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = values / np.maximum(values.std(axis=0), np.finfo(np.float32).tiny)
    return scaled
