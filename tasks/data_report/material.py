"""What the page is made from, read once and handed to every list."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.data_report import copies
from tasks.data_report.cards import Deck
from tasks.data_report.settings import DataReport

ROWS = ["delivery", "source", "id", "label", "row", "kept", "dropped_by", "drop_reason", "drop_value", "duplicate_of"]
FOUND = [
    "file_bytes",
    "height",
    "width",
    "crop",
    "detail",
    "contrast",
    "smoothness",
    "flat",
    "acquisition_batch",
    "review_decision",
    "outlier_score",
    "split",
]
PAIRS = ["first", "second", "kind", "distance", "orientation", "dy", "dx", "rmse"]


@dataclass(frozen=True)
class Material:
    """The table of `split` (index 0, 1, ...), the confirmed pairs, and how much to show.

    Raises ValueError for a table that lacks a column.
    """

    rows: pd.DataFrame
    pairs: pd.DataFrame
    settings: DataReport

    def __post_init__(self) -> None:
        for name, table, expected in (("rows", self.rows, [*ROWS, *FOUND]), ("pairs", self.pairs, PAIRS)):
            missing = [column for column in expected if column not in table]
            if missing:
                raise ValueError(f"the table of {name} lacks the columns {', '.join(missing)}")

    @cached_property
    def deck(self) -> Deck:
        """The cards."""
        return Deck(self.rows)

    @cached_property
    def relations(self) -> copies.Relations:
        """What is known of each pair."""
        return copies.Relations(self.pairs)

    @cached_property
    def code(self) -> NDArray[np.int64]:
        """The copy group of each row, as `copies.groups` gives it."""
        return copies.groups(self.rows, self.pairs)

    @cached_property
    def highest_by_rule(self) -> float:
        """The highest score among rows that are kept and that no person spoke of; NaN where there is none."""
        return float(self.rows.loc[self.rows["kept"] & (self.rows["review_decision"] == ""), "outlier_score"].max())

    def ids_by_group(self, by: str) -> dict[Any, list[str]]:
        """The distinct ids of each copy group, ordered by the column `by`, then by id."""
        table = self.rows.assign(code=self.code)[self.code >= 0].sort_values([by, "id"], na_position="first")
        found = table.drop_duplicates("id")
        return found.groupby("code")["id"].agg(list).to_dict()

    def ids(self, which: pd.Series, by: str = "id", ascending: bool = True) -> list[str]:
        """Distinct ids of the rows marked by the boolean `which`, ordered by the column `by`, then by id."""
        found = self.rows[which].sort_values([by, "id"], ascending=[ascending, True], na_position="last")
        return found["id"].drop_duplicates().tolist()
