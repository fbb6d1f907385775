"""Failure modes of a model, in sentences made from figures."""

from collections import Counter

from tasks.external_rows import IN_TRAINING
from tasks.model_report.evaluation import Evaluation
from tasks.model_report.formatting import joined, percent, ranged, spoken
from tasks.page.html import plural

SURE = 0.9
"""Confidence from which a wrong answer counts as confident."""


def sentences(evaluation: Evaluation) -> list[str]:
    """One about each: corruptions, classes, untested ones, slices, external deliveries, confident errors, calibration,
    what is no cell."""
    return [sentence for part in PARTS if (sentence := part(evaluation))]


def kinds(evaluation: Evaluation) -> str:
    """The kinds of corruption that cost most."""
    found, clean = list(evaluation.kinds.items()), evaluation.figure("clean", "balanced_accuracy")
    if not found:
        return "Robustness to corruptions is not known: the benchmark has no figures."
    worst, error = found[0]
    inside = evaluation.corrupted[evaluation.corrupted["kind"] == worst].dropna(subset=["balanced_error"])
    strongest = float(inside.sort_values("severity")["balanced_error"].iloc[-1])
    text = f"Of {plural(len(found), 'kind')} of corruption, {spoken(worst)} costs most: a balanced error of "
    text += f"{percent(error)} over its severities, {percent(strongest)} at the strongest"
    text += f"; on clean images it is {percent(1 - clean.value)}." if clean else "."
    others = [f"{spoken(name)} ({percent(error)})" for name, error in found[1:4]]
    return text + (f" Next {'comes' if len(others) == 1 else 'come'} {joined(others)}." if others else "")


def classes(evaluation: Evaluation) -> str:
    """The class that is recognised least often, and what it is taken for."""
    recalls = {name: evaluation.figure("per_class", name, "recall") for name in evaluation.predictions.classes}
    known = {name: recall for name, recall in recalls.items() if recall}
    if not known:
        return ""
    name = min(known, key=lambda one: known[one].value)
    if known[name].value == 1:
        return "No test row of any class is called something else."
    rows = evaluation.predictions.rows[evaluation.predictions.rows["label"] == name]
    text = f"Of the classes, {name} is recognised least often: recall {ranged(known[name])}, {plural(len(rows), 'row')}"
    taken = Counter(sorted(rows.loc[rows["predicted"] != name, "predicted"]))
    mostly = [f"; mistaken mostly for {one} ({count:,})" for one, count in taken.most_common(1)]
    return f"{text}{''.join(mostly)}."


def untested(evaluation: Evaluation) -> str:
    """Classes of which nothing is known, and test rows of classes that the model does not know."""
    names, unknown = evaluation.predictions.untested, evaluation.figures.get("unknown", {})
    parts = [f"Untested, without a test row: {joined(names)}. Nothing is known of it."] if names else []
    if unlearnt := evaluation.figures.get("unlearnt", []):
        parts.append(f"Not known to the model, for it had no image to learn from: {joined(unlearnt)}.")
    parts += [f"Left out, as the model does not know the class: {plural(count, 'test image')} of {name}."
              for name, count in unknown.items()]  # fmt: skip
    return " ".join(parts)


def slices(evaluation: Evaluation) -> str:
    """Slices whose whole interval lies below the accuracy of the whole; classes have a sentence of their own."""
    whole, parts = evaluation.figure("clean", "accuracy"), evaluation.slices[evaluation.slices["slice"] != "class"]
    known = parts.dropna(subset=["accuracy", "high"])
    if not whole or known.empty:
        return "No slice by delivery, acquisition batch or sharpness has rows enough for a figure."
    below = known[known["high"] < whole.value].sort_values("accuracy")
    if below.empty:
        return (
            f"None of {plural(len(known), 'slice')} by delivery, acquisition batch or sharpness "
            "is below the whole beyond chance."
        )
    lines = below[["slice", "value", "accuracy", "rows"]].itertuples(index=False)
    names = [
        f"{spoken(part)} {value or 'none'} ({percent(right)} of {rows:,.0f})" for part, value, right, rows in lines
    ]
    return f"Below the whole beyond chance: {joined(names)}."


def confident(evaluation: Evaluation) -> str:
    """How many wrong answers look sure."""
    rows = evaluation.predictions.rows
    wrong = rows[rows["label"] != rows["predicted"]]
    sure = int((wrong["confidence"] >= SURE).sum())
    if wrong.empty:
        return ""
    many = "none comes" if not sure else "1 comes" if sure == 1 else f"{sure:,} come"
    return f"Of {plural(len(wrong), 'wrong answer')} on clean images, {many} with a confidence of {SURE} or more."


def calibration(evaluation: Evaluation) -> str:
    """Whether its confidence can be taken at its word."""
    clean, corrupted = evaluation.figure("clean", "ece"), evaluation.figure("corrupted", "ece")
    if not clean or not corrupted:
        return ""
    return (
        f"Its confidence is off by {percent(clean.value)} on clean images and by {percent(corrupted.value)} on "
        "corrupted ones, on the average (expected calibration error)."
    )


def ood(evaluation: Evaluation) -> str:
    """What it answers about images that are no cells."""
    rows, refused = evaluation.figure("ood", "rows"), evaluation.figure("ood", "refused")
    if not rows or not rows.value:
        return "No out-of-distribution image is among the test rows, so how it handles them is not known."
    text = f"Of {plural(int(rows.value), 'out-of-distribution image')}, {len(evaluation.answered_ood):,} got an answer"
    return text + (f"; {ranged(refused)} were refused." if refused else ".")


def external(evaluation: Evaluation) -> str:
    """How it does on other laboratories' images, the worst first."""
    found = evaluation.figures.get("external", {})
    judged = {name: one for name, one in found.items() if not one["note"]}
    order = sorted(judged, key=lambda name: judged[name]["balanced_accuracy"]["value"])
    figures = [f"{ranged(evaluation.figure('external', name, 'balanced_accuracy'))} on {name}" for name in order]
    text = f"On other laboratories' images its balanced accuracy is {joined(figures)}." if figures else ""
    leaks = {name: one["left_out"].get(IN_TRAINING, 0) for name, one in found.items()}
    leaked = [f"{plural(count, 'image')} of {name}" for name, count in leaks.items() if count]
    return f"{text} Left out as copies of training images: {joined(leaked)}.".strip() if leaked else text


PARTS = (kinds, classes, untested, slices, external, confident, calibration, ood)
