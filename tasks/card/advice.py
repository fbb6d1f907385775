"""What to do with a model, in sentences made from figures."""

from tasks.card.evaluation import Evaluation
from tasks.card.words import joined, percent, plain, spoken
from tasks.page.html import plural

WORSE = 0.02
"""By how much less often answers on distorted pictures are right, from which on the page warns of it."""


def sentences(evaluation: Evaluation, good: bool, suspected: int) -> list[str]:
    """Whether to use it, from what confidence on, what to look out for, and what to deliver or mend."""
    found = [
        use(good),
        threshold(evaluation),
        poor(evaluation),
        labels(suspected),
        few(evaluation),
        unknown(evaluation),
    ]
    return [sentence for sentence in found if sentence]


def use(good: bool) -> str:
    """Whether to use it."""
    if good:
        return "It may be put to use on pictures like those that it was tested on: same laboratory, stain and camera."
    return "Do not put it to use yet. What follows is for a look at it, and for what to improve."


def threshold(evaluation: Evaluation) -> str:
    """From what confidence on it answers, and how well."""
    least = evaluation.figure("thresholds", "least_confidence")
    answered, right = (evaluation.figure("abstention", "clean", name) for name in ("answered", "accuracy"))
    if not least or not answered or not right:
        return ""
    return (
        f"It answers from a confidence of {plain(least.value)} on: {percent(answered.value)} of the clean test "
        f"pictures, {percent(right.value)} of these rightly. Show what it does not answer to a person."
    )


def poor(evaluation: Evaluation) -> str:
    """A warning, where its answers on distorted pictures are worth less than those on clean ones."""
    clean, distorted = (evaluation.figure("abstention", name, "accuracy") for name in ("clean", "distorted"))
    answered, kinds = evaluation.figure("abstention", "distorted", "answered"), list(evaluation.kinds)
    if not clean or not distorted or not answered or not kinds or clean.value - distorted.value < WORSE:
        return ""
    return (
        f"The threshold does not make up for poor pictures: it still answers {percent(answered.value)} of the "
        f"distorted ones, {percent(distorted.value)} of these rightly. "
        f"Look out for {spoken(kinds[0])} before you ask it."
    )


def labels(suspected: int) -> str:
    """What to do about suspected labels."""
    if not suspected:
        return ""
    found = plural(suspected, "suspected label")
    return f"Look at the {found}: each that is wrong taught the model, or judged it, wrongly."


def few(evaluation: Evaluation) -> str:
    """Classes with too few test rows."""
    parts = evaluation.slices
    names = parts[(parts["slice"] == "class") & parts["accuracy"].isna()]["value"].tolist()
    return f"Deliver more of {joined(names)}: too few test rows for a figure." if names else ""


def unknown(evaluation: Evaluation) -> str:
    """What the test rows lack to judge its refusals."""
    rows = evaluation.figure("foreign", "rows")
    return "" if rows and rows.value else "Deliver pictures that are no cells too, so that its refusals can be judged."
