"""Retrainings that ask a person, whom Prefect's API stands in for."""

from pathlib import Path
from typing import Any

import pytest

from operations.deliveries import add_remove
from operations.git import repository
from operations.person import UNVERIFIED
from operations.process import lock
from operations.project import listing
from operations.registry import champion
from tests.support.retrained import NO, WHY_UNCHANGED, WORSE, YES, images, retrained, subjects

pytestmark = [pytest.mark.usefixtures("api"), pytest.mark.long]


@pytest.mark.parametrize(
    ("answer", "outcome", "why"),
    [
        pytest.param(YES, "promoted", "better on ", id="yes"),
        pytest.param(NO, "kept", "not promoted: too few platelets (through the UI, unverified)", id="no"),
        pytest.param(None, "kept", "not promoted: no answer within 0.01 hours (nobody)", id="no answer"),
    ],
)
def test_a_person_is_asked(
    with_second: Path, question: Any, tmp_path: Path, answer: dict[str, str] | None, outcome: str, why: str
) -> None:
    """While the question is open others may work: a delivery that comes then is neither lost nor committed."""
    from flows.retrain import retrain

    asked = question(retrain, approval="person", approval_hours=1.0 if answer else 0.01)
    text = asked.form()[1]
    assert "in place of champion/1" in text
    assert "| superiority | mixed corruptions |" in text
    assert (lock.holder(with_second), subjects(with_second)[0]) == (None, "Take in second")
    add_remove.add(with_second, images(tmp_path / "later", seed=3), "later")
    if answer:
        asked.answer(answer)
    told = asked.result()
    assert (told.outcome, told.why[: len(why)]) == (outcome, why)
    assert repository.changed(with_second) == [
        "data/deliveries.yaml",
        "data/deliveries/later.yaml",
        "data/raw/.gitignore",
        "data/raw/later.dvc",
        "params.yaml",
    ]
    assert listing.names(with_second) == ["demo", "second", "later"]
    now = champion.current(with_second)
    assert now is not None
    assert (now.tag, now.who) == (("champion/2", UNVERIFIED) if outcome == "promoted" else ("champion/1", "the gate"))
    assert list((with_second / "data/.state/candidates").glob("*")) == []


def test_while_a_person_is_asked_another_run_does_not_ask_again(with_second: Path, question: Any) -> None:
    from flows.retrain import retrain

    asked = question(retrain, approval="person")
    asked.await_state("Paused")
    told = retrained(approval="person")
    assert str(told) == f"nothing to train on: {asked.name} waits for a person's answer about the model of these images"
    asked.answer(NO)
    assert asked.result().outcome == "kept"
    assert retrained(approval="person").why == WHY_UNCHANGED


def test_a_champion_that_came_while_a_person_was_asked_stays(with_second: Path, question: Any) -> None:
    """The model is left for the next run, which compares it with that one."""
    from flows.retrain import retrain

    asked = question(retrain, approval="person")
    asked.await_state("Paused")
    champion.promote(with_second, champion.assemble(with_second, {}, None), "by hand", "Bob", "champion/1")
    asked.answer(YES)
    told = asked.result()
    assert str(told) == "kept champion/2: the model was compared with champion/1; the next run judges it anew"
    assert champion.current(with_second).who == "Bob"  # type: ignore[union-attr]


def test_a_gate_that_refuses_asks_nobody(with_second: Path, steer: Any) -> None:
    steer.words(with_second, "train", WORSE)
    assert str(retrained(approval="person")).startswith("kept champion/1: worse on ")
