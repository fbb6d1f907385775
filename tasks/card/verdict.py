"""The verdict in sentences made from figures: is the model good enough, where does it break, what to do with it."""

from dataclasses import dataclass

from tasks.card import advice, breaks, floors
from tasks.card.evaluation import Evaluation
from tasks.gate.decision import Decision


@dataclass(frozen=True)
class Verdict:
    """`answer` in a few words, and `why`, by the floors; then where it breaks, and what to do with it."""

    good: bool
    answer: str
    why: str
    breaks: list[str]
    advice: list[str]


def verdict(evaluation: Evaluation, decision: Decision, suspected: int = 0) -> Verdict:
    """All of it; `suspected` counts the suspected labels. What no figure tells is left out, or said to be unknown."""
    return Verdict(
        good=decision.promote,
        answer=floors.answer(decision),
        why=floors.sentence(decision),
        breaks=breaks.sentences(evaluation),
        advice=advice.sentences(evaluation, decision.promote, suspected),
    )
