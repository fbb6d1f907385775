"""A study as a plot."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

LINES = {
    "clean": ("validation", "o", "tab:blue"),
    "corrupted": ("corrupted validation", "s", "tab:orange"),
    "report": ("report, hidden set", "^", "tab:gray"),
}
"""Columns that are drawn: name, marker, colour."""


def draw(found: pd.DataFrame, title: str, steps: bool, file: Path) -> None:
    """Write a PNG of the accuracies in a study's table, a trial beside the other; what is missing leaves a gap.

    Lines join the trials where they are `steps`.
    """
    figure, axes = plt.subplots(figsize=(max(6.4, 1.1 * len(found)), 4.8), layout="constrained")
    line = "-" if steps else "none"
    for column, (name, marker, colour) in LINES.items():
        if found[column].notna().any():
            axes.plot(range(len(found)), found[column], linestyle=line, marker=marker, color=colour, label=name)
    axes.set_title(title, loc="left")
    axes.set(ylabel="accuracy", xlim=(-0.5, len(found) - 0.5), ylim=(None, 1.01))
    axes.set_xticks(range(len(found)), list(found.index), rotation=30, ha="right", rotation_mode="anchor")
    axes.grid(axis="y", alpha=0.3)
    if axes.lines:
        figure.legend(loc="outside upper right", ncols=len(LINES), frameon=False)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)
