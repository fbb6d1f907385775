"""Candidates: what `assemble` makes, and the model that was trained last, promoted by hand."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.git import repository
from operations.process import lock
from operations.registry import champion
from operations.registry.champion import current, promote
from tests.support import crowning
from tests.support.crowning import agree, contents, record, train


def damaged(root: Path) -> None:
    (root / "data/model/training_ids.txt").unlink()
    (root / "data/model/training_ids.txt").write_text("edited")


def no_digest(root: Path) -> None:
    (root / "data/model/model.json").unlink()
    (root / "data/model/model.json").write_text("[]")


MODELS = {
    "no model": (lambda root: shutil.rmtree(root / "data/model"), "no model in .*data/model: model.json is missing"),
    "damaged": (damaged, r"training_ids.txt: expected (sha256|\d+ bytes)"),
    "no description": (no_digest, "model.json: expected the JSON of a model, got list"),
    "no scores": (lambda root: shutil.rmtree(root / "data/evaluation"), "no evaluation in data/evaluation/scores"),
}


@pytest.mark.parametrize(("spoil", "message"), MODELS.values(), ids=MODELS)
def test_what_is_no_candidate(fresh: Path, spoil: Callable[[Path], None], message: str) -> None:
    spoil(fresh)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        champion.assemble(fresh, {}, None)
    assert not any((fresh / "data/.state").glob("candidates/*"))


def test_a_candidate_stands_for_itself(fresh: Path) -> None:
    train(fresh, "one")
    candidate = champion.assemble(fresh, {"promote": True}, record(fresh, "one"))
    train(fresh, "two")
    record(fresh, "one").write_text('{"id": "one", "facts": {"approved": "by Ada"}}')
    promote(fresh, candidate, "approved")
    files = contents(fresh / current(fresh).folder)
    assert files["model.weights.h5"] == b"one model.weights.h5"
    assert json.loads(files["provenance.json"])["facts"] == {"approved": "by Ada"}, "the record as it is by then"
    assert not candidate.exists()


def test_a_model_without_a_run_has_no_record_of_one(fresh: Path) -> None:
    promote(fresh, champion.assemble(fresh, {}, None), "by hand")
    now = current(fresh)
    assert now.run is None
    assert sorted(contents(fresh / now.folder)) == [name for name in crowning.TO_BE if name != "provenance.json"]


class Decided:
    """What the gate says."""

    def __init__(self, promote: bool):
        self.promote = promote

    def sentence(self) -> str:
        return "Promoted: better" if self.promote else "Kept the champion: worse on clean images by 0.1"

    def to_dict(self) -> dict[str, object]:
        return {"promote": self.promote, "sentence": self.sentence()}


@pytest.fixture
def latest(root: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What is not up to date; there is a third model in the project."""
    stale: set[str] = set()
    monkeypatch.setattr("operations.pipeline.plan.stale", lambda root: stale)
    train(root, "three")
    return stale


def test_the_model_that_was_trained_last_is_promoted_by_hand(root: Path, latest: set[str]) -> None:
    latest.add("model_report")
    asked = []

    def decide() -> Decided:
        asked.append(lock.holder(root))
        return Decided(True)

    made = champion.promote_latest(root, "looks good", None, decide)
    assert (made.tag, made.replaced, made.run, made.why) == ("champion/3", "champion/2", None, "looks good")
    assert json.loads(contents(root / current(root).folder)["decision.json"])["sentence"] == "Promoted: better"
    assert "promote the model" in asked[0], "the gate is asked under the lock"
    assert list((root / "data/.state/candidates").iterdir()) == []


@pytest.mark.parametrize("although", [None, "", "  "])
def test_the_gate_s_refusal_holds(root: Path, latest: set[str], although: str | None) -> None:
    with pytest.raises(ValueError, match=r"Kept the champion: worse on clean images by 0.1\. .* with --although"):
        champion.promote_latest(root, "looks good", None, lambda: Decided(False), although)
    agree(root, "champion/2")


def test_a_refusal_is_overruled_with_a_reason_that_is_told(root: Path, latest: set[str]) -> None:
    made = champion.promote_latest(root, "looks good", "Bo", lambda: Decided(False), "the test rows are old")
    assert made.why == current(root).why == "looks good, although the gate refused: the test rows are old"


@pytest.mark.parametrize("stage", ["evaluate"])
def test_scores_of_another_state_are_refused(root: Path, latest: set[str], stage: str) -> None:
    latest.add(stage)
    with pytest.raises(ValueError, match="scores is not up to date, evaluate would run again: `make repro` first"):
        champion.promote_latest(root, "looks good", None, lambda: Decided(True))


def test_the_champion_itself_is_not_promoted_again(root: Path, latest: set[str]) -> None:
    train(root, "two")
    with pytest.raises(ValueError, match="is the champion already: champion/2, promoted"):
        champion.promote_latest(root, "looks good", None, lambda: Decided(True))
    assert repository.tags(root, "champion/*") == ["champion/1", "champion/2"]
