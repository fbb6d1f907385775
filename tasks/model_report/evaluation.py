"""What evaluate wrote of a model, read once."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tasks import predictions
from tasks.model_report.formatting import NOTHING, Figure, figure
from tasks.predictions import Predictions

CLEAN, MIXED = "clean", "mixed"
"""Kinds of corruptions.csv that are no corruptions."""

NUMBERS = {
    *("rank", "rows", "severity", "bin", "balanced_error", "low", "high", "accuracy", "ece", "coverage"),
    *("selective_accuracy", "balanced_accuracy", "coverage", "risk", "confidence", "self_confidence", "p_suggested"),
    "ood_score",
}
"""Columns of figures; every other holds text, also where all of it looks like numbers or like nothing."""


@dataclass(frozen=True)
class Evaluation:
    """The predictions, and the files of figures; what is not known is NaN in a table and null in `figures`."""

    predictions: Predictions
    figures: dict[str, Any]
    corruptions: pd.DataFrame
    slices: pd.DataFrame
    risk_coverage: pd.DataFrame
    reliability: pd.DataFrame
    confusion: pd.DataFrame
    ood: pd.DataFrame

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
    def corrupted(self) -> pd.DataFrame:
        """The corruptions's lines that are corruptions."""
        return self.corruptions[~self.corruptions["kind"].isin([CLEAN, MIXED])]

    @property
    def kinds(self) -> dict[str, float]:
        """Balanced error of each kind, the mean over its severities, the worst first; a kind without figures is out."""
        means = self.corrupted.groupby("kind")["balanced_error"].mean().dropna()
        return {str(kind): float(error) for kind, error in sorted(means.items(), key=lambda item: -item[1])}

    @property
    def answered_ood(self) -> pd.DataFrame:
        """Out-of-distribution images that got an answer, the lowest score first."""
        return self.ood[self.ood["why"] == ""].sort_values(["ood_score", "id"])


def read(scores: Path) -> Evaluation:
    """All of it. Raises FileNotFoundError for a file that is missing, ValueError for predictions that do not fit."""
    names = ("corruptions", "slices", "risk_coverage", "reliability", "confusion")
    return Evaluation(
        predictions=predictions.read(scores),
        figures=json.loads((scores / "figures.json").read_text()),
        ood=pd.read_parquet(scores / "ood.parquet"),
        **{name: read_csv(scores / f"{name}.csv") for name in names},
    )


def read_csv(file: Path) -> pd.DataFrame:
    """A table; an empty figure is NaN, an empty text is empty."""
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    return table.assign(**{name: pd.to_numeric(table[name]) for name in table if name in NUMBERS})
