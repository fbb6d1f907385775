"""What a linear head says of every row when it did not see that row's label: cross validation on features."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

ITERATIONS = 500


def folds(labels: NDArray[np.int64], groups: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """The fold of each row, int64 (n,), 0 to count - 1: rows of one group share one, classes fill all evenly.

    A group counts for the class of its first row. Per class the groups are shuffled and dealt out; a class goes on
    where the last one stopped, so that small classes do not all end in the first folds.
    """
    _, first, of_row = np.unique(groups, return_index=True, return_inverse=True)
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(np.flatnonzero(labels[first] == label)) for label in np.unique(labels)])
    dealt = np.empty(len(first), np.int64)
    dealt[order] = np.arange(len(first)) % count
    return dealt[of_row]


def probabilities(
    points: NDArray[np.float32], labels: NDArray[np.int64], fold: NDArray[np.int64], classes: int, strength: float
) -> NDArray[np.float64]:
    """Of each row, from the rows of the other folds, float64 (n, classes); rows sum to 1.

    `points` is float32 (n, d), scaled; `strength` the weight of the summed loss beside the penalty. NaN where the
    others cannot tell: they have no row of that label, or only of one class.
    """
    found = np.full((len(labels), classes), np.nan)
    for k in np.unique(fold):
        learn, judge = fold != k, fold == k
        known = np.unique(labels[learn])
        if len(known) < 2:
            continue
        head = LogisticRegression(C=strength, max_iter=ITERATIONS)
        with threadpool_limits(limits=1):  # of small products: threads take longer to meet than to multiply
            head.fit(points[learn], labels[learn])
        predicted = np.zeros((judge.sum(), classes))
        predicted[:, known] = head.predict_proba(points[judge])
        found[judge] = np.where(np.isin(labels[judge], known)[:, None], predicted, np.nan)
    return found
