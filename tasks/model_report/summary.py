"""The evaluation in Markdown, short: for places where a run is told."""

from tasks.model_report import corruptions, external, scores
from tasks.model_report.evaluation import Evaluation
from tasks.model_report.verdict import Verdict
from tasks.page.markdown import escaped


def markdown(evaluation: Evaluation, verdict: Verdict) -> str:
    """The verdict, then the headline figures with their intervals, what is answered, and the benchmark by kind."""
    rows, groups = len(evaluation.predictions.rows), evaluation.figures["groups"]
    parts = [
        f"**{verdict.answer}.** {escaped(verdict.why)}",
        "\n".join(f"- {escaped(sentence)}" for sentence in [*verdict.failure_modes, *verdict.recommendations]),
        f"On {rows:,} test images in {groups:,} groups of copies; an interval holds {evaluation.level} of the draws.",
        scores.headline(evaluation).markdown,
        f"### Selective prediction\n\n{scores.abstention(evaluation).markdown}",
        f"### {corruptions.TITLE}\n\n{corruptions.heat(evaluation).markdown}",
        *(f"### {one.title}\n\n{one.markdown}" for one in external.tables(evaluation)),
    ]
    return "\n\n".join(parts)
