"""What evaluate wrote of a model, read once."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tasks import record
from tasks.card.words import NOTHING, Figure, figure
from tasks.record import Record

CLEAN, MIX = "clean", "mix"
"""Kinds of suite.csv that are no distortions."""

NUMBERS = {
    *("rank", "rows", "severity", "bin", "balanced_error", "low", "high", "accuracy", "ece", "answered"),
    *("answered_accuracy", "balanced_accuracy", "coverage", "risk", "confidence", "self_confidence", "p_suggested"),
}
"""Columns of figures; every other holds text, also where all of it looks like numbers or like nothing."""


@dataclass(frozen=True)
class Evaluation:
    """The record, and the files of figures as they are; what is not known is NaN in a table and null in `figures`."""

    record: Record
    figures: dict[str, Any]
    suite: pd.DataFrame
    slices: pd.DataFrame
    risk_coverage: pd.DataFrame
    reliability: pd.DataFrame
    confusion: pd.DataFrame
    foreign: pd.DataFrame

    def figure(self, *path: str) -> Figure | None:
        """A figure of `figures` by its keys; None where nothing is known of it."""
        found: Any = self.figures
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return figure(found)

    @property
    def level(self) -> str:
        """That of the intervals: `95 %`."""
        found = self.figure("level")
        return f"{100 * found.value:g} %" if found else NOTHING

    @property
    def distorted(self) -> pd.DataFrame:
        """The suite's lines that are distortions."""
        return self.suite[~self.suite["kind"].isin([CLEAN, MIX])]

    @property
    def kinds(self) -> dict[str, float]:
        """Balanced error of each kind, the mean over its severities, the worst first; a kind without figures is out."""
        means = self.distorted.groupby("kind")["balanced_error"].mean().dropna()
        return {str(kind): float(error) for kind, error in sorted(means.items(), key=lambda item: -item[1])}

    @property
    def answered_foreign(self) -> pd.DataFrame:
        """Foreign pictures that got an answer, the least foreign by score first."""
        return self.foreign[self.foreign["why"] == ""].sort_values(["score", "id"])


def read(scores: Path) -> Evaluation:
    """All of it. Raises FileNotFoundError for a file that is missing, ValueError for a record that does not fit."""
    names = ("suite", "slices", "risk_coverage", "reliability", "confusion")
    return Evaluation(
        record=record.read(scores),
        figures=json.loads((scores / "figures.json").read_text()),
        foreign=pd.read_parquet(scores / "foreign.parquet"),
        **{name: read_csv(scores / f"{name}.csv") for name in names},
    )


def read_csv(file: Path) -> pd.DataFrame:
    """A table; an empty figure is NaN, an empty text is empty."""
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    return table.assign(**{name: pd.to_numeric(table[name]) for name in table if name in NUMBERS})
