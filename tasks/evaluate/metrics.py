"""Figures of a classifier from true classes and probabilities, all rows counting the same.

`truth` is int64 (n,), `probabilities` float (n, classes). Means over classes are over those that occur in `truth`; a
class without rows has no figures. scikit-learn computes what it has; `weighted` says the same of resampled rows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

BINS = 15
"""Of the calibration error, equally wide (Guo et al. 2017, arXiv:1706.04599)."""
PER_CLASS = ("precision", "recall", "f1", "auc")

Truth = NDArray[np.int64]
Probabilities = NDArray[np.floating[Any]]


def headline(truth: Truth, probabilities: Probabilities) -> dict[str, float]:
    """Accuracy, balanced accuracy, macro F1, calibration error (0 to 1), nll in nats, Brier score (0 to 2)."""
    predicted, names = probabilities.argmax(axis=1), range(probabilities.shape[1])
    present = np.unique(truth)
    return {
        "accuracy": float(metrics.accuracy_score(truth, predicted)),
        "balanced_accuracy": balanced_accuracy(truth, predicted),
        "macro_f1": float(metrics.f1_score(truth, predicted, labels=present, average="macro", zero_division=0)),
        "nll": float(metrics.log_loss(truth, _summing_to_one(probabilities), labels=list(names))),
        "brier": float(np.square(probabilities - np.eye(len(names))[truth]).sum(axis=1).mean()),
        "ece": calibration_error(truth, probabilities),
    }


def balanced_accuracy(truth: Truth, predicted: Truth) -> float:
    """Mean recall of the classes that occur in `truth`."""
    return float(metrics.recall_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0))


def per_class(truth: Truth, probabilities: Probabilities, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Number of rows, precision, recall, F1 and one-vs-rest AUC of each class."""
    predicted = probabilities.argmax(axis=1)
    columns = metrics.precision_recall_fscore_support(
        truth, predicted, labels=range(len(names)), zero_division=0, average=None
    )
    table = {}
    for k, name in enumerate(names):
        support = int(columns[3][k])
        known = support and support < len(truth)
        auc = float(metrics.roc_auc_score(truth == k, probabilities[:, k])) if known else None
        three = [float(column[k]) if support else None for column in columns[:3]]
        table[name] = {"support": support, **dict(zip(PER_CLASS, [*three, auc], strict=True))}
    return table


def calibration_error(truth: Truth, probabilities: Probabilities) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over bins, by their rows."""
    table = reliability(truth, probabilities)
    gaps = [rows * abs(confidence - accuracy) for _, rows, confidence, accuracy in table]
    return float(sum(gaps) / len(truth))


def reliability(truth: Truth, probabilities: Probabilities) -> list[tuple[int, int, float, float]]:
    """Bin from 0 on, rows, mean confidence and accuracy, for each bin of confidence with rows."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    places = bins(confidence)
    found = [(k, places == k) for k in np.unique(places)]
    return [(int(k), int(here.sum()), float(confidence[here].mean()), float(right[here].mean())) for k, here in found]


def bins(confidence: Probabilities) -> NDArray[np.int64]:
    """The bin of each confidence, 0 to BINS - 1."""
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


def confusion(truth: Truth, predicted: Truth, classes: int) -> NDArray[np.int64]:
    """Counts, int64 (classes, classes): a row per true class, a column per predicted one."""
    return metrics.confusion_matrix(truth, predicted, labels=range(classes))


def _summing_to_one(probabilities: Probabilities) -> Probabilities:
    """In float64: scikit-learn warns of sums that float32 rounds."""
    exact = probabilities.astype(np.float64)
    return exact / exact.sum(axis=1, keepdims=True)
