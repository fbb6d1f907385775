"""Tables of the external deliveries, images of other laboratories."""

from typing import Any

from tasks import reasons
from tasks.model_report.evaluation import Evaluation
from tasks.model_report.formatting import figure, percent, ranged
from tasks.model_report.tables import Table, table_cells


def tables(evaluation: Evaluation) -> list[Table]:
    """A table of the deliveries, and one of the recalls where there are some; none without external deliveries."""
    found = evaluation.figures.get("external", {})
    return [table for table in (_deliveries(found), _recalls(evaluation, found)) if table.lines]


def _deliveries(found: dict[str, Any]) -> Table:
    lines = [
        table_cells(
            name,
            f"{one['rows']:,}",
            *(ranged(figure(one.get(key))) for key in ("balanced_accuracy", "accuracy", "refused", "coverage")),
            percent(one.get("selective_accuracy")),
            _left_out(one),
            one["note"],
        )
        for name, one in found.items()
    ]
    head = ["delivery", "judged", "balanced accuracy", "accuracy", "refused as out-of-distribution", "coverage"]
    head += ["selective accuracy", "left out", "note"]
    return Table("by-external", "External deliveries", head, lines, texts=(0, 7, 8))


def _left_out(one: dict[str, Any]) -> str:
    """The files that the model is not judged on, by their reason."""
    return ", ".join(f"{count:,} {reasons.spoken(name)}" for name, count in one["left_out"].items())


def _recalls(evaluation: Evaluation, found: dict[str, Any]) -> Table:
    recalls = {name: one["recall"] for name, one in found.items() if not one["note"]}
    lines = [
        table_cells(label, *(ranged(figure(of.get(label))) for of in recalls.values()))
        for label in evaluation.predictions.classes
        if any(label in of for of in recalls.values())
    ]
    return Table("external-recall", "Recall by class, external deliveries", ["class", *recalls], lines)
