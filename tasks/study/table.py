"""The trials of a study side by side, and beside them what the report says."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

Facts = Mapping[str, Any]

COLUMNS = {
    "clean": "val accuracy",
    "corrupted": "corruption validation accuracy",
    "families": "mean of families",
    "left_out": "family left out",
    "external": "external, balanced",
    "gain": "gain",
    "report": "report",
    "parameters": "parameters",
    "report_parameters": "report's parameters",
    "mb": "MB",
    "report_mb": "report's MB",
    "epochs": "epochs",
    "seconds": "seconds",
    "images_per_second": "images/s",
}
"""The columns, and their heads as people read them."""

STEPS = ("ablation", "blocks")
"""Studies in which each trial stands on the one before; in the others there is no order."""

COUNTS = ("parameters", "report_parameters", "epochs")
DIGITS = {
    "clean": 3,
    "corrupted": 3,
    "families": 3,
    "left_out": 3,
    "external": 3,
    "gain": 3,
    "report": 2,
    "mb": 2,
    "report_mb": 2,
}
MISSING = "–"


def table(
    trials: Sequence[str],
    results: Mapping[str, Facts],
    records: Mapping[str, Facts],
    report: Mapping[str, Facts],
    steps: bool,
) -> pd.DataFrame:
    """A row for each of `trials`, in their order, under COLUMNS; float64, and Int64 where it counts.

    `results` and `records` are what the stage wrote, `report` the report's figures, each by trial. What is not known is
    missing: NaN, or NA. Accuracies are 0 to 1. `gain` is on corrupted validation, over the trial before, where the
    trials are `steps`; missing where either is. `families` is the mean over the families of corruptions of validation,
    `left_out` the accuracy on those that the training left out, `external` the mean balanced accuracy
    on external deliveries. `parameters` and `mb` are the backbone's without top,
    `epochs` those of all phases; `images_per_second` is of fine-tuning, since the frozen phase reads features. The
    report's accuracy is on its hidden set, so steps compare, and not levels. Raises ValueError for a result, record or
    figure of a trial that is not among them.
    """
    strangers = sorted({*results, *records, *report} - set(trials))
    if strangers:
        raise ValueError(f"{strangers[0]!r} is no trial of the study, expected one of {', '.join(trials)}")
    rows = [_row(results.get(trial, {}), records.get(trial, {}), report.get(trial, {})) for trial in trials]
    found = pd.DataFrame(rows, index=pd.Index(trials, name="trial"), columns=list(COLUMNS)).astype("float64")
    if steps:
        found["gain"] = found["corrupted"].diff()
    return found.astype(dict.fromkeys(COUNTS, "Int64"))


def markdown(title: str, found: pd.DataFrame) -> str:
    """The table as Markdown under a heading; columns of which nothing is known are left out."""
    known = [name for name in COLUMNS if found[name].notna().any()]
    head = ["trial", *(COLUMNS[name] for name in known)]
    columns = [[_text(name, value) for value in found[name]] for name in known]
    lines = zip(found.index, *columns, strict=True)
    rule = ["---", *("---:" for _ in known)]
    text = f"## {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *lines]) + "\n"
    return text + _headline(found["left_out"].dropna())


def _headline(left_out: "pd.Series[float]") -> str:
    """By which recipes are compared: how a training does on what it never met."""
    if left_out.empty:
        return ""
    return f"\nMean over {len(left_out)} families, each left out of one training: {left_out.mean():.3f}\n"


def csv(found: pd.DataFrame) -> str:
    """The table with all its columns and digits; what is missing is empty."""
    return found.to_csv(lineterminator="\n")


def _row(result: Facts, record: Facts, report: Facts) -> dict[str, Any]:
    return {
        "clean": result.get("val_accuracy"),
        "corrupted": result.get("val_corruption_accuracy"),
        "families": float(np.mean([*result["families"].values()])) if "families" in result else None,
        "left_out": result.get("left_out"),
        "external": float(np.mean([*result["external"].values()])) if result.get("external") else None,
        "report": report.get("accuracy"),
        "parameters": result.get("parameters", {}).get("backbone"),
        "report_parameters": report.get("parameters"),
        "mb": result.get("mb", {}).get("backbone"),
        "report_mb": report.get("mb"),
        "epochs": sum(phase["epochs"] for phase in result["phases"].values()) if result else None,
        "seconds": record.get("seconds"),
        "images_per_second": record.get("finetune", {}).get("images_per_second"),
    }


def _text(name: str, value: Any) -> str:
    if pd.isna(value):
        return MISSING
    sign = "+" if name == "gain" else ""
    return f"{value:{sign},.{DIGITS.get(name, 0)}f}"
