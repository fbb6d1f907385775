"""Recommendations for a model, in sentences made from figures."""

from tasks.model_report.evaluation import Evaluation
from tasks.model_report.formatting import joined, percent, plain, spoken
from tasks.page.html import plural

WORSE = 0.02
"""By how much less often answers on corrupted images are right, from which on the page warns of it."""


def sentences(evaluation: Evaluation, good: bool, label_issues: int) -> list[str]:
    """Whether to use it, from what confidence on, what to look out for, and what data to add or correct."""
    found = [
        use(good),
        threshold(evaluation),
        poor(evaluation),
        labels(label_issues),
        few(evaluation),
        unknown(evaluation),
    ]
    return [sentence for sentence in found if sentence]


def use(good: bool) -> str:
    """Whether to use it."""
    if good:
        return "It may be put to use on images like those that it was tested on: same laboratory, stain and camera."
    return "Do not put it to use yet. What follows is for a look at it, and for what to improve."


def threshold(evaluation: Evaluation) -> str:
    """Below what confidence it abstains, and how well it does above."""
    least = evaluation.figure("thresholds", "least_confidence")
    answered, right = (evaluation.figure("abstention", "clean", name) for name in ("coverage", "accuracy"))
    if not least or not answered or not right:
        return ""
    taken = (
        f"{percent(answered.value)} of the clean test images get a class, {percent(right.value)} of these are right."
    )
    if not least.value:
        return f"No abstention threshold was needed to reach the target accuracy: {taken}"
    return f"It abstains below a confidence of {plain(least.value)}: {taken} Have a person look at the others."


def poor(evaluation: Evaluation) -> str:
    """A warning, where its answers on corrupted images are worth less than those on clean ones."""
    clean, corrupted = (evaluation.figure("abstention", name, "accuracy") for name in ("clean", "corrupted"))
    answered, kinds = evaluation.figure("abstention", "corrupted", "coverage"), list(evaluation.kinds)
    if not clean or not corrupted or not answered or not kinds or clean.value - corrupted.value < WORSE:
        return ""
    return (
        f"The abstention threshold does not make up for poor images: {percent(answered.value)} of the corrupted ones "
        f"still get a class, {percent(corrupted.value)} of these are right. "
        f"Check images for {spoken(kinds[0])} first."
    )


def labels(label_issues: int) -> str:
    """What to do about label issues."""
    if not label_issues:
        return ""
    found = plural(label_issues, "label issue")
    return f"Look at the {found}: each that is wrong taught the model, or judged it, wrongly."


def few(evaluation: Evaluation) -> str:
    """Classes with too few test rows."""
    parts = evaluation.slices
    names = parts[(parts["slice"] == "class") & parts["accuracy"].isna()]["value"].tolist()
    return f"Add more of {joined(names)}: too few test rows for a figure." if names else ""


def unknown(evaluation: Evaluation) -> str:
    """What the test rows lack to judge its refusals."""
    rows = evaluation.figure("ood", "rows")
    return "" if rows and rows.value else "Add images that are no cells too, so that its refusals can be judged."
