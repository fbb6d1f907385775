"""Charts of how far the model's confidence can be trusted."""

from markupsafe import Markup

from tasks.model_report import svg
from tasks.model_report.evaluation import Evaluation
from tasks.model_report.svg import Axes, Line


def risk_coverage(evaluation: Evaluation) -> Markup:
    """Wrong answers among the most confident ones, by how many are taken; a ring where the model's threshold lies."""
    lines = []
    for name, found in evaluation.risk_coverage.dropna(subset=["coverage", "risk"]).groupby("set", sort=True):
        points = svg.thinned(list(zip(found["coverage"], found["risk"], strict=True)))
        lines.append(Line(str(name), points, mark=_threshold(evaluation, str(name))))
    # The first few answers may all be wrong: what stands there is no reason for an axis up to 1.
    most = max([y for line in lines for x, y in line.points if x >= 0.1] or [0.01])
    axes = Axes("coverage", "risk", y=(0.0, svg.nice(most)))
    return svg.chart("Risk by coverage", axes, lines)


def _threshold(evaluation: Evaluation, name: str) -> tuple[float, float] | None:
    answered, right = (evaluation.figure("abstention", name, key) for key in ("coverage", "accuracy"))
    return (answered.value, 1 - right.value) if answered and right else None


def reliability(evaluation: Evaluation) -> Markup:
    """Accuracy by confidence, a dot a bin, its area by how many rows it holds; the diagonal is honesty."""
    lines = []
    known = evaluation.reliability.dropna(subset=["confidence", "accuracy"])
    for name, found in known[known["rows"] > 0].groupby("set", sort=True):
        most = float(found["rows"].max())
        sizes = [1.5 + 5.5 * (rows / most) ** 0.5 for rows in found["rows"]]
        lines.append(Line(str(name), list(zip(found["confidence"], found["accuracy"], strict=True)), sizes))
    axes = Axes("confidence", "accuracy", diagonal=True)
    return svg.chart("Accuracy by confidence", axes, lines)
