"""The corruption benchmark as a heat table: kinds by severity, the worst first."""

import pandas as pd

from tasks.model_report.evaluation import CLEAN, MIXED, Evaluation
from tasks.model_report.formatting import NOTHING, Figure, percent, span, spoken
from tasks.model_report.tables import Table, TableCell

TITLE = "Balanced error by kind and severity, %"


def heat(evaluation: Evaluation) -> Table:
    """Balanced error of each kind and severity, with the mean over the severities; last clean and mixed.

    A cell glows by its error, fully at the largest of the table.
    """
    table, kinds = evaluation.corrupted, evaluation.kinds
    severities = sorted(table["severity"].unique())
    most = max([float(evaluation.corruptions["balanced_error"].max()), 1e-9]) if len(evaluation.corruptions) else 1.0
    lines = [
        [TableCell(spoken(kind)), *(_table_cell(table, kind, one, most) for one in severities), _mean(mean, most)]
        for kind, mean in kinds.items()
    ]
    if kinds:
        whole = sum(kinds.values()) / len(kinds)
        lines.append([TableCell("mean of the kinds"), *_means(table, severities, most), _mean(whole, most)])
    for kind, label in {CLEAN: "clean, no corruption", MIXED: "mixed corruptions, as in the contest"}.items():
        if (evaluation.corruptions["kind"] == kind).any():
            lines.append(
                [
                    TableCell(label),
                    *[TableCell("")] * len(severities),
                    _table_cell(evaluation.corruptions, kind, 0, most),
                ]
            )
    head = ["kind", *(f"{one:.0f}" for one in severities), "mean"]
    return Table("by-corruption", TITLE, head, lines, heat=True)


def _table_cell(table: pd.DataFrame, kind: str, severity: float, most: float) -> TableCell:
    found = table[(table["kind"] == kind) & (table["severity"] == severity)]
    if found.empty or pd.isna(found["balanced_error"].iloc[0]):
        return TableCell(NOTHING)
    line = found.iloc[0]
    error = Figure(line["balanced_error"], line["low"], line["high"])
    title = f"{spoken(kind)} {severity:.0f}: balanced error {percent(error.value)} ({span(error)}), "
    title += f"accuracy {percent(line['accuracy'])}, answered {percent(line['coverage'])}, "
    title += f"right of that {percent(line['selective_accuracy'])}"
    return TableCell(_short(error.value), error.value / most, title=title)


def _mean(value: float, most: float) -> TableCell:
    return TableCell(NOTHING) if pd.isna(value) else TableCell(_short(value), value / most)


def _means(table: pd.DataFrame, severities: list[float], most: float) -> list[TableCell]:
    means = table.groupby("severity")["balanced_error"].mean()
    return [_mean(float(means[one]), most) for one in severities]


def _short(share: float) -> str:
    return f"{100 * share:.1f}"
