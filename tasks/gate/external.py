"""Both models on the external deliveries: images of other laboratories, of which none is in train, val or test.

Compared is the balanced error over the classes that both models know and the delivery has, on the images on which both
are judged: what one of them has seen in training is left out for both. The bootstrap is that of the test rows: paired,
and stratified by class.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.gate import bootstrap
from tasks.gate.comparison import EXTERNAL
from tasks.gate.comparisons import Figures
from tasks.gate.errors import Measure, part
from tasks.gate.settings import Gate
from tasks.predictions import Predictions

KEY = ["delivery", "source"]
NO_KIND = ("", "")


def figures(champion: Predictions, challenger: Predictions, rules: Gate) -> Iterator[Figures]:
    """The figures of one delivery after the other; both models were judged on the same (`same.check_same`)."""
    both = champion.external.merge(challenger.external[[*KEY, "left_out", "predicted"]], on=KEY, suffixes=("", "_new"))
    judged = both[(both["left_out"] == "") & (both["left_out_new"] == "")]
    for name in champion.external["delivery"].unique():
        yield _figures(str(name), judged[judged["delivery"] == name], rules)


def _figures(name: str, rows: pd.DataFrame, rules: Gate) -> Figures:
    if rows.empty:
        unknown = np.full(1, np.nan)
        return Figures((Measure(EXTERNAL, name, 0, 0),), unknown, unknown, np.empty((0, 1)), NO_KIND)
    labels, truth = np.unique(rows["label"].to_numpy(str), return_inverse=True)
    groups = bootstrap.group(rows["id"].to_numpy(str), truth)
    wrong = np.stack([rows[column] != rows["label"] for column in ("predicted", "predicted_new")], axis=1)
    parts = [part(groups.of_row[truth == k], wrong[truth == k]) for k in range(len(labels))]

    def balanced(weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of both models, (draws, 2)."""
        return np.mean([each.errors(weights) for each in parts], axis=0)  # a draw holds every class

    old, new = balanced(np.ones((1, len(groups.stratum)), np.float32))[0]
    blocks = bootstrap.draws(groups.stratum, rules.resamples, rules.seed)
    drawn = np.concatenate([balanced(weights) for weights in blocks])
    measure = Measure(EXTERNAL, name, len(rows), len(groups.stratum))
    return Figures((measure,), np.array([old]), np.array([new]), drawn[:, 1:] - drawn[:, :1], NO_KIND)
