"""Tables of figures: headline, classes, confusion, slices, coverage, out-of-distribution images."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from tasks.model_report import svg
from tasks.model_report.evaluation import Evaluation
from tasks.model_report.formatting import NOTHING, Figure, Form, percent, plain, ranged, spoken
from tasks.model_report.tables import Table, TableCell, table_cells

SETS = {"clean": "clean", "mixed": "mixed corruptions, as in the contest", "corrupted": "corruption benchmark"}
HEADLINE: dict[str, tuple[str, Form]] = {
    "accuracy": ("accuracy", percent),
    "balanced_accuracy": ("balanced accuracy", percent),
    "macro_f1": ("macro F1", percent),
    "ece": ("calibration error (ECE)", percent),
    "nll": ("negative log likelihood", plain),
    "brier": ("Brier score", plain),
}
PER_CLASS = ("precision", "recall", "f1", "auc")
SLICES = {"delivery": "delivery", "acquisition_batch": "acquisition batch", "sharpness": "sharpness", "class": "class"}


def headline(evaluation: Evaluation) -> Table:
    """The figures of the clean test rows beside those of mixed corruptions and of the benchmark, with intervals."""

    def line(name: str, form: Form) -> list[str]:
        return [ranged(evaluation.figure(part, name), form) for part in SETS]

    lines = [table_cells(label, *line(name, form)) for name, (label, form) in HEADLINE.items()]
    errors = [_error(evaluation, part) for part in SETS]
    lines.insert(2, table_cells("balanced error", *map(ranged, errors)))
    return Table("headline", "Headline figures", ["figure", *SETS.values()], lines)


def _error(evaluation: Evaluation, part: str) -> Figure | None:
    given, accuracy = evaluation.figure(part, "mean_balanced_error"), evaluation.figure(part, "balanced_accuracy")
    return given or (accuracy.turned() if accuracy else None)


def abstention(evaluation: Evaluation) -> Table:
    """How much is answered, and how well."""
    lines = [
        table_cells(label, *(percent(_value(evaluation.figure("abstention", part, name))) for name in
                       ("coverage", "accuracy", "refused")))
        for part, label in SETS.items()
    ]  # fmt: skip
    head = ["images", "coverage", "selective accuracy", "refused as out-of-distribution"]
    return Table("abstention", "Selective prediction", head, lines)


def per_class(evaluation: Evaluation) -> Table:
    """Figures of each class; the line drawn is the interval of its recall."""
    found = {name: _class(evaluation, name) for name in evaluation.predictions.classes}
    bars = svg.bars([figures["recall"] for figures in found.values()], evaluation.figure("clean", "balanced_accuracy"))
    lines = [
        [*table_cells(name, _support(evaluation, name), *map(ranged, figures.values())), TableCell("", drawn=bar)]
        for (name, figures), bar in zip(found.items(), bars, strict=True)
    ]
    head = ["class", "rows", "precision", "recall", "F1", "AUC", "recall, against the mean"]
    return Table("per-class", "By class", head, lines, texts=(0, 6))


def _class(evaluation: Evaluation, name: str) -> dict[str, Figure | None]:
    return {key: evaluation.figure("per_class", name, key) for key in PER_CLASS}


def _support(evaluation: Evaluation, name: str) -> str:
    found = evaluation.figure("per_class", name, "support")
    if found and not found.value:
        return "untested"
    return f"{found.value:,.0f}" if found else NOTHING


def confusion(evaluation: Evaluation) -> Table:
    """Rows by true and by predicted class. Errors glow by the root of their share of the true class."""
    names = evaluation.predictions.classes
    counts = evaluation.confusion.pivot_table(index="true", columns="predicted", values="rows", aggfunc="sum")
    counts = counts.reindex(index=names, columns=names).fillna(0).astype(int)
    lines = [
        [TableCell(name), *_confused(name, dict(zip(names, line, strict=True)))]
        for name, line in zip(names, counts.to_numpy(), strict=True)
    ]
    return Table("confusion", "True class (rows) and predicted class (columns)", ["true", *names], lines, heat=True)


def _confused(true: str, counts: dict[str, int]) -> Iterable[TableCell]:
    total = sum(counts.values())
    for name, count in counts.items():
        share = count / total if total else 0.0
        title = f"{count:,} of {total:,} {true} called {name}: {percent(share)}"
        right = name == true
        heat = (share if right else share**0.5) if count else None
        yield TableCell(f"{count:,}", heat, "well" if right else "", title)


def slices(evaluation: Evaluation) -> Table:
    """Accuracy on parts of the test rows; a part with too few says so."""
    found = evaluation.slices[evaluation.slices["slice"].isin(SLICES)]
    found = found.assign(place=found["slice"].map(list(SLICES).index)).sort_values("place", kind="stable")
    known = [_interval(line) for line in found.to_dict("records")]
    bars = svg.bars(known, evaluation.figure("clean", "accuracy"))
    lines = [
        [TableCell(spoken(line["slice"])), TableCell(line["value"] or "none"), TableCell(f"{line['rows']:,.0f}"),
         TableCell(ranged(one)),
         TableCell("", drawn=bar), TableCell(percent(line["balanced_accuracy"])), TableCell(line["note"])]
        for line, one, bar in zip(found.to_dict("records"), known, bars, strict=True)
    ]  # fmt: skip
    head = ["slice", "value", "rows", "accuracy", "against the whole", "balanced accuracy", "note"]
    return Table("by-slice", "Accuracy by slice, clean images", head, lines, texts=(0, 1, 4, 6))


def _interval(line: dict[Any, Any]) -> Figure | None:
    return None if pd.isna(line["accuracy"]) else Figure(line["accuracy"], line["low"], line["high"])


def crossed(evaluation: Evaluation) -> Table:
    """Wrong answers of all rows, by class and quarter of sharpness."""
    rows = evaluation.predictions.rows
    wrong = (rows["label"] != rows["predicted"]).groupby([rows["label"], rows["sharpness"]]).agg(["sum", "size"])
    quarters = sorted(rows["sharpness"].unique())
    lines = [
        table_cells(
            name, *("" if (name, one) not in wrong.index else _wrong(wrong.loc[(name, one)]) for one in quarters)
        )
        for name in evaluation.predictions.classes
    ]
    return Table("crossed", "Wrong answers, by class and sharpness", ["class", *quarters], lines)


def _wrong(found: "pd.Series[int]") -> str:
    return f"{found['sum']:,} of {found['size']:,}"


def ood(evaluation: Evaluation) -> Table:
    """Out-of-distribution images by the reason curation dropped them for, and how many were refused."""
    by_reason = evaluation.figures.get("ood", {}).get("by_reason", {})
    lines = [
        table_cells(
            spoken(reason), f"{one['rows']:,}", f"{one['refused']:,}", percent(one["refused"] / max(1, one["rows"]))
        )
        for reason, one in by_reason.items()
    ]
    return Table("by-reason", "Out-of-distribution images, by reason", ["reason", "rows", "refused", "share"], lines)


def _value(found: Figure | None) -> float | None:
    return found.value if found else None
