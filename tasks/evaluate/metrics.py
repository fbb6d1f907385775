"""Figures of a classifier from true classes and probabilities."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics


def summary(truth: NDArray[np.int64], probabilities: NDArray[np.float32], names: Sequence[str]) -> dict[str, Any]:
    """Accuracy, balanced accuracy, macro F1 and figures per class, all 0 to 1; `rows` and `support` are counts.

    `truth` is int64 (n,), `probabilities` float32 (n, classes). Balanced accuracy and macro F1 are means over the
    classes that occur in `truth`; a class without test rows has no recall, and its figures are null.
    """
    predicted = probabilities.argmax(axis=1)
    present = np.unique(truth)
    f1 = metrics.f1_score(truth, predicted, labels=present, average="macro", zero_division=0)
    recall = metrics.recall_score(truth, predicted, labels=present, average="macro", zero_division=0)
    return {
        "rows": len(truth),
        "accuracy": float(metrics.accuracy_score(truth, predicted)),
        "balanced_accuracy": float(recall),
        "macro_f1": float(f1),
        "per_class": per_class(truth, predicted, names),
    }


def per_class(truth: NDArray[np.int64], predicted: NDArray[np.int64], names: Sequence[str]) -> dict[str, Any]:
    """Precision, recall, F1 and number of test rows of each class."""
    figures = metrics.precision_recall_fscore_support(
        truth, predicted, labels=range(len(names)), zero_division=0, average=None
    )
    keys = ("precision", "recall", "f1", "support")
    table = {
        name: dict(zip(keys, column, strict=True)) for name, column in zip(names, np.transpose(figures), strict=True)
    }
    return {name: _without_nonsense(row) for name, row in table.items()}


def confusion(truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Counts, int64 (classes, classes): a row per true class, a column per predicted one."""
    return metrics.confusion_matrix(truth, predicted, labels=range(classes))


def _without_nonsense(row: dict[str, float]) -> dict[str, float | int | None]:
    support = int(row["support"])
    keys = ("precision", "recall", "f1")
    return {**{key: float(row[key]) if support else None for key in keys}, "support": support}
