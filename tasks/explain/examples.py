"""Which answers are shown: the most confident wrong ones, and right ones of each class."""

from typing import Any

import numpy as np
import pandas as pd

FIELDS = ["id", "delivery", "source", "label", "predicted", "confidence", "why", "image"]
"""Of an entry of examples.json."""


def wrong(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """At most `count` rows of predictions (`tasks.predictions`) that are answered wrongly, the most confident first."""
    return _by_confidence(rows[rows["label"] != rows["predicted"]]).head(count)


def right(rows: pd.DataFrame, each: int) -> pd.DataFrame:
    """At most `each` rows of every class that are answered rightly, from its surest to its least sure one.

    They are evenly spread over the order of confidence: the surest alone would show the easiest images. The classes
    stand in the order of their names.
    """
    correct = rows[rows["label"] == rows["predicted"]]
    return pd.concat([rows[:0], *(_spread(_by_confidence(of), each) for _, of in correct.groupby("label"))])


def entry(row: Any) -> dict[str, Any]:
    """A row with the attributes FIELDS as it stands in examples.json."""
    return {**{name: getattr(row, name) for name in FIELDS}, "confidence": round(float(row.confidence), 6)}


def _by_confidence(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["confidence", "id"], ascending=[False, True])


def _spread(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    return rows.iloc[np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)]
