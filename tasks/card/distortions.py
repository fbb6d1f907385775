"""The distortion suite as a heat table: kinds by severity, the worst first."""

import pandas as pd

from tasks.card.evaluation import CLEAN, MIX, Evaluation
from tasks.card.tables import Cell, Table
from tasks.card.words import NOTHING, Figure, percent, span, spoken

TITLE = "Balanced error by kind and severity, %"


def heat(evaluation: Evaluation) -> Table:
    """Balanced error of each kind and severity, with the mean over the severities; last clean and mix.

    A cell glows by its error, fully at the largest of the table.
    """
    table, kinds = evaluation.distorted, evaluation.kinds
    severities = sorted(table["severity"].unique())
    most = max([float(evaluation.suite["balanced_error"].max()), 1e-9]) if len(evaluation.suite) else 1.0
    lines = [
        [Cell(spoken(kind)), *(_cell(table, kind, one, most) for one in severities), _mean(mean, most)]
        for kind, mean in kinds.items()
    ]
    if kinds:
        whole = sum(kinds.values()) / len(kinds)
        lines.append([Cell("mean of the kinds"), *_means(table, severities, most), _mean(whole, most)])
    for kind, label in {CLEAN: "clean, no distortion", MIX: "mix, as in the contest"}.items():
        if (evaluation.suite["kind"] == kind).any():
            lines.append([Cell(label), *[Cell("")] * len(severities), _cell(evaluation.suite, kind, 0, most)])
    head = ["kind", *(f"{one:.0f}" for one in severities), "mean"]
    return Table("suite", TITLE, head, lines, heat=True)


def _cell(table: pd.DataFrame, kind: str, severity: float, most: float) -> Cell:
    found = table[(table["kind"] == kind) & (table["severity"] == severity)]
    if found.empty or pd.isna(found["balanced_error"].iloc[0]):
        return Cell(NOTHING)
    line = found.iloc[0]
    error = Figure(line["balanced_error"], line["low"], line["high"])
    title = f"{spoken(kind)} {severity:.0f}: balanced error {percent(error.value)} ({span(error)}), "
    title += f"accuracy {percent(line['accuracy'])}, answered {percent(line['answered'])}, "
    title += f"right of that {percent(line['answered_accuracy'])}"
    return Cell(_short(error.value), error.value / most, title=title)


def _mean(value: float, most: float) -> Cell:
    return Cell(NOTHING) if pd.isna(value) else Cell(_short(value), value / most)


def _means(table: pd.DataFrame, severities: list[float], most: float) -> list[Cell]:
    means = table.groupby("severity")["balanced_error"].mean()
    return [_mean(float(means[one]), most) for one in severities]


def _short(share: float) -> str:
    return f"{100 * share:.1f}"
