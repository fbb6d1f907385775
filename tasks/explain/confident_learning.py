"""Confident learning (Northcutt, Jiang and Chuang, arXiv:1911.00068): which labels are probably wrong.

Labels are class indices, int64 (n,); probabilities, float (n, classes), come from a model that did not see the row's
own label. The estimated share of wrong labels counts what the model gets wrong among them, so it errs upwards.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Rule = Literal["class", "noise_rate", "both"]
"""How many rows are issues, and which: see `_RULES`."""
LEAST = 1e-6
"""Of a threshold: a class whose own rows are given no probability is not found everywhere."""


class LabelIssues(NamedTuple):
    """Positions of the label issues, the least believed label first, and what they more probably are."""

    places: NDArray[np.int64]
    suggested: NDArray[np.int64]
    estimated_share: float


def find(labels: NDArray[np.int64], probabilities: NDArray[np.float64], rule: Rule) -> LabelIssues:
    """The rows whose labels are issues by `rule`, in ascending order of the label's own probability.

    A row whose label is the most probable class is never an issue, however many wrong ones are estimated (the paper
    has no such exception). Raises ValueError where the shapes do not fit, a label is no column, or a probability is no
    number.
    """
    _check(labels, probabilities)
    if not len(labels):
        return LabelIssues(np.zeros(0, np.int64), np.zeros(0, np.int64), 0.0)
    joint = estimated_joint(labels, probabilities)
    own = probabilities[np.arange(len(labels)), labels]
    suggested = _without(probabilities, labels).argmax(axis=1)
    better = probabilities[np.arange(len(labels)), suggested] > own
    places = np.flatnonzero(_RULES[rule](labels, probabilities, joint) & better)
    ranked = places[np.argsort(own[places], kind="stable")]
    return LabelIssues(ranked, suggested[ranked], 1 - float(np.trace(joint)) / len(labels))


def thresholds(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per class the mean probability that its own rows are given for it, float64 (classes,); 1 without rows."""
    own = probabilities[np.arange(len(labels)), labels]
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    sums = np.bincount(labels, own, probabilities.shape[1])
    return np.where(counts, np.maximum(sums / np.maximum(counts, 1), LEAST), 1.0)


def confident_joint(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """Counts, int64 (classes, classes): rows labelled i (down) that are confidently j (across).

    A row is confidently the most probable of the classes whose threshold it reaches; one that reaches none is not
    counted.
    """
    classes = probabilities.shape[1]
    reached = np.where(probabilities >= thresholds(labels, probabilities), probabilities, -1)
    sure = reached.max(axis=1) >= 0
    return np.bincount(labels[sure] * classes + reached[sure].argmax(axis=1), minlength=classes**2).reshape(-1, classes)


def estimated_joint(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows labelled i (down) whose true class is j (across), float64 (classes, classes); all sum to n.

    The confident joint, each of its lines scaled to the number of rows of that label. A class without a confident row
    is taken as labelled rightly.
    """
    joint = confident_joint(labels, probabilities).astype(np.float64)
    np.fill_diagonal(joint, np.where(joint.sum(axis=1), np.diag(joint), 1))
    counts = np.bincount(labels, minlength=len(joint))
    return joint / joint.sum(axis=1, keepdims=True) * counts[:, None]


def _by_class(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], joint: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Prune by class: of each class as many rows as are estimated wrong, those of least own probability."""
    chosen = np.zeros(len(labels), bool)
    for label, wrong in enumerate(joint.sum(axis=1) - np.diag(joint)):
        _mark_lowest(chosen, np.flatnonzero(labels == label), probabilities[:, label], wrong)
    return chosen


def _by_noise_rate(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], joint: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Prune by noise rate: of each pair of classes as many as are estimated, those of the largest margin."""
    chosen = np.zeros(len(labels), bool)
    for (label, other), wrong in np.ndenumerate(joint):
        if label != other:
            margin = probabilities[:, label] - probabilities[:, other]
            _mark_lowest(chosen, np.flatnonzero(labels == label), margin, wrong)
    return chosen


def _by_both(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], joint: NDArray[np.float64]
) -> NDArray[np.bool_]:
    return _by_class(labels, probabilities, joint) & _by_noise_rate(labels, probabilities, joint)


_RULES: dict[str, Callable[[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]] = {
    "class": _by_class,
    "noise_rate": _by_noise_rate,
    "both": _by_both,
}


def _mark_lowest(
    chosen: NDArray[np.bool_], places: NDArray[np.int64], score: NDArray[np.float64], number: float
) -> None:
    chosen[places[np.argsort(score[places], kind="stable")[: round(number)]]] = True


def _without(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    others = probabilities.copy()
    others[np.arange(len(labels)), labels] = -1
    return others


def _check(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> None:
    if probabilities.ndim != 2 or len(labels) != len(probabilities):
        raise ValueError(f"expected probabilities of {len(labels)} rows by class, got {probabilities.shape}")
    if len(labels) and not 0 <= labels.min() <= labels.max() < probabilities.shape[1]:
        raise ValueError(f"labels must be 0 to {probabilities.shape[1] - 1}, got {labels.min()} to {labels.max()}")
    if not np.isfinite(probabilities).all():
        raise ValueError("probabilities must be numbers, got NaN or infinity")
