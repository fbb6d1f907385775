"""The verdict in sentences made from figures: does the model meet the minimums, its failure modes, recommendations."""

from dataclasses import dataclass

from tasks.gate.decision import Decision
from tasks.model_report import failure_modes, minimums, recommendations
from tasks.model_report.evaluation import Evaluation


@dataclass(frozen=True)
class Verdict:
    """`answer` in a few words, and `why`, by the minimums; then its failure modes, and recommendations."""

    good: bool
    answer: str
    why: str
    failure_modes: list[str]
    recommendations: list[str]


def verdict(evaluation: Evaluation, decision: Decision, label_issues: int = 0) -> Verdict:
    """All of it; `label_issues` counts the label issues. What no figure tells is left out, or said to be unknown."""
    return Verdict(
        good=decision.promote,
        answer=minimums.answer(decision),
        why=minimums.sentence(decision),
        failure_modes=failure_modes.sentences(evaluation),
        recommendations=recommendations.sentences(evaluation, decision.promote, label_issues),
    )
