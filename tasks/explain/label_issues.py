"""The label issues of a table, as a table and in figures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import splits
from tasks.explain import confident_learning, out_of_sample, points
from tasks.explain.settings import Explain

COLUMNS = ["rank", "id", "delivery", "source", "split", "label", "suggested", "self_confidence", "p_suggested"]
RULES = {
    "class": "pruned by class",
    "noise_rate": "pruned by noise rate",
    "both": "pruned by class and by noise rate",
}


def find_label_issues(
    explain: Explain, rows: pd.DataFrame, names: Sequence[str], read: points.Read
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The label issues, COLUMNS, the least believed label first; and what label_issues.json says.

    `rows` has the columns of a clean table, `read` gives features by position in it. Raises ValueError for a label
    that is none of `names`. Rows that cannot be judged, of a class with all its rows in one fold, are not among `rows`
    in the figures, and never an issue.
    """
    strange = sorted(set(rows["label"]) - set(names))
    if strange:
        raise ValueError(f"label must be one of {', '.join(names)}, got {strange[0]!r}")
    labels = splits.indices(rows["label"], names)
    probabilities = _probabilities(explain, rows, labels, len(names), read)
    judged = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    found = confident_learning.find(labels[judged], probabilities[judged], explain.prune)
    table = _table(rows, names, labels, probabilities, judged[found.places], found.suggested)
    return table, {
        "rows": len(judged),
        "label_issues": len(table),
        "shown": min(explain.shown, len(table)),
        "method": (
            f"confident learning (arXiv:1911.00068), {RULES[explain.prune]}: what a linear head on the network's "
            f"features says of a row that it did not learn from, in {explain.folds} folds"
        ),
        "estimated_share": round(found.estimated_share, 6),
    }


def _probabilities(
    explain: Explain, rows: pd.DataFrame, labels: NDArray[np.int64], classes: int, read: points.Read
) -> NDArray[np.float64]:
    if rows.empty:
        return np.zeros((0, classes))
    fold = out_of_sample.folds(labels, pd.factorize(rows["split_group"])[0], explain.folds, explain.seed)
    where = points.principal(read, len(rows), explain.components)
    return out_of_sample.probabilities(where, labels, fold, classes, explain.strength)


def _table(
    rows: pd.DataFrame,
    names: Sequence[str],
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    places: NDArray[np.int64],
    suggested: NDArray[np.int64],
) -> pd.DataFrame:
    return rows.iloc[places].assign(
        rank=np.arange(1, len(places) + 1),
        suggested=np.array(names)[suggested],
        self_confidence=probabilities[places, labels[places]],
        p_suggested=probabilities[places, suggested],
    )[COLUMNS]
