"""The figures of `metrics` with rows that count several times or not at all: for many draws of a bootstrap at once.

`weights` are whole numbers, float32 (draws, n), a row per draw; each function gives float64 (draws, ...). A figure that
a draw leaves undefined is NaN.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate import metrics

Weights = NDArray[np.float32]
Draws = NDArray[np.float64]
Truth = NDArray[np.int64]
Probabilities = NDArray[np.floating[Any]]


def counts(weights: Weights, truth: Truth, predicted: Truth, classes: int) -> Draws:
    """Confusion matrices, (draws, classes, classes): true by predicted."""
    cell = np.eye(classes * classes, dtype=np.float32)[truth * classes + predicted]
    return (weights @ cell).reshape(-1, classes, classes).astype(np.float64)


def of_confusion(confusions: Draws) -> dict[str, Draws]:
    """Accuracy, balanced accuracy, macro F1, (draws,); precision, recall and F1 of each class, (draws, classes)."""
    right, true, found = np.einsum("dkk->dk", confusions), confusions.sum(axis=2), confusions.sum(axis=1)
    recall = _share(right, true)
    f1 = np.where(true > 0, _share(2 * right, true + found), np.nan)
    precision = np.where(true > 0, np.nan_to_num(_share(right, found)), np.nan)
    return {
        "accuracy": right.sum(axis=1) / true.sum(axis=1),
        "balanced_accuracy": np.nanmean(recall, axis=1),
        "macro_f1": np.nanmean(f1, axis=1),
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }


def mean(weights: Weights, values: NDArray[np.floating[Any]]) -> Draws:
    """Mean of `values`, (n,) or (n, k), over the rows of each draw; NaN where it has none."""
    total = weights.sum(axis=1, dtype=np.float64)
    return _share((weights @ values.astype(np.float32)).astype(np.float64).T, total).T


def of_probabilities(weights: Weights, truth: Truth, probabilities: Probabilities) -> dict[str, Draws]:
    """Cross-entropy, Brier score and calibration error, (draws,)."""
    rows = np.arange(len(truth))
    nll = -np.log(np.maximum(probabilities[rows, truth], np.finfo(np.float32).tiny))
    brier = np.square(probabilities - np.eye(probabilities.shape[1])[truth]).sum(axis=1)
    return {
        "nll": mean(weights, nll),
        "brier": mean(weights, brier),
        "ece": calibration_error(weights, truth, probabilities),
    }


def calibration_error(weights: Weights, truth: Truth, probabilities: Probabilities) -> Draws:
    """Expected calibration error, (draws,)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    member = np.eye(metrics.BINS)[metrics.bins(confidence)]
    gaps = np.abs(weights @ (member * (confidence - right)[:, None]).astype(np.float32))
    return gaps.sum(axis=1, dtype=np.float64) / weights.sum(axis=1, dtype=np.float64)


def auc(weights: Weights, positive: NDArray[np.bool_], score: Probabilities) -> Draws:
    """Area under the ROC curve, (draws,): the share of pairs in which the positive row scores higher, ties half."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(score[order]) != 0))  # rows of one score are one step
    ordered = weights[:, order].astype(np.float64)
    above = np.add.reduceat(ordered * positive[order], starts, axis=1)
    below = np.add.reduceat(ordered * ~positive[order], starts, axis=1)
    pairs = (above * (np.cumsum(below, axis=1) - below / 2)).sum(axis=1)
    return _share(pairs, above.sum(axis=1) * below.sum(axis=1))


def _share(part: Draws, whole: Draws) -> Draws:
    return np.divide(part, whole, out=np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan), where=whole > 0)
