"""The evaluation in Markdown, short: for places where a run is told."""

from tasks.card import distortions, scores
from tasks.card.evaluation import Evaluation
from tasks.card.verdict import Verdict
from tasks.page.markdown import escaped


def markdown(evaluation: Evaluation, verdict: Verdict) -> str:
    """The verdict, then the headline figures with their intervals, what is answered, and the suite by kind."""
    rows, groups = len(evaluation.record.rows), evaluation.figures["groups"]
    parts = [
        f"**{verdict.answer}.** {escaped(verdict.why)}",
        "\n".join(f"- {escaped(sentence)}" for sentence in [*verdict.breaks, *verdict.advice]),
        f"On {rows:,} test pictures in {groups:,} groups of copies; an interval holds {evaluation.level} of the draws.",
        scores.headline(evaluation).markdown,
        f"### Answered and not answered\n\n{scores.abstention(evaluation).markdown}",
        f"### {distortions.TITLE}\n\n{distortions.heat(evaluation).markdown}",
    ]
    return "\n\n".join(parts)
