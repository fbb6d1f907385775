"""The whole of a retraining on the toy: real stages, git, DVC and a Prefect server."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows import notify
from flows.server import webhook
from operations.deliveries import add_remove
from operations.git import repository
from operations.history import provenance
from operations.registry import champion
from operations.retraining.retraining import Retraining
from operations.storage import remote
from tasks import model_folder
from tests.support.receiver import Received
from tests.support.retrained import (
    BETTER,
    WHY_UNCHANGED,
    WORSE,
    events,
    git,
    ids,
    images,
    outcomes,
    page,
    retrained,
    subjects,
)

pytestmark = pytest.mark.usefixtures("api")

COMMITTED = [
    "data/deliveries.yaml", "data/deliveries/second.yaml",
    "data/embedded/.gitignore", "data/ingested/.gitignore", "data/raw/.gitignore",
    "data/raw/second.dvc", "dvc.lock",
]  # fmt: skip


def test_the_first_model_becomes_the_champion_by_the_floors(made_champion: tuple[Path, Retraining]) -> None:
    root, told = made_champion
    assert str(told) == "champion/1 is the model of this run: the first model, above each of 6 minimums"
    assert told.fresh == []  # the demo's images had been learnt
    assert subjects(root) == ["Promote champion/1: the first model, above each of 6 minimums", "Toy"]
    now = champion.current(root)
    assert now is not None
    assert (now.tag, now.who, now.run, now.replaced) == ("champion/1", "the gate", told.record, None)
    assert now.model == model_folder.digest(root / "data/model") == model_folder.digest(root / now.folder)
    assert repository.changed(root) == []


def test_with_nothing_new_nothing_is_trained_and_nothing_committed(with_champion: Path) -> None:
    head = repository.head(with_champion)
    state = retrained(return_state=True)
    assert (state.name, state.message) == ("Unchanged", f"nothing to train on: {WHY_UNCHANGED}")
    assert repository.head(with_champion) == head
    assert outcomes(with_champion)["train"] == "skipped"


def test_a_better_model_takes_the_champion_s_place(with_champion: Path, steer: Any, tmp_path: Path) -> None:
    """From the drop folder to the next champion: what is committed, noted and told."""
    images(with_champion / "data/incoming/second")
    (with_champion / "data/incoming/second.complete").touch()
    steer.words(with_champion, "train", BETTER)
    told = retrained(deliveries=["second"])
    assert str(told).startswith("champion/2 is the model of this run: better on ")
    assert subjects(with_champion)[:2] == [f"Promote champion/2: {told.why}", "Take in second"]
    assert git(with_champion, "show", "--name-only", "--format=", told.commit or "").split() == COMMITTED
    assert (told.fresh, told.left, repository.changed(with_champion)) == (["second"], ["params.yaml"], ["params.yaml"])
    assert repository.tags(with_champion, "champion/*") == ["champion/1", "champion/2"]
    record = provenance.read(with_champion, told.record)
    facts = record["facts"]
    assert facts["triggered_by"] == "command line, for second"
    assert (facts["delivered"], facts["promoted"], facts["commit"]) == (["second"], "champion/2", told.commit)
    assert facts["rescored"] == "champion/1: ran"
    assert facts["decision"]["promote"] is True
    assert facts["drift"]["sentence"]
    assert any("there is no remote" in line for line in facts["not_backed_up"])
    assert (outcomes(with_champion)["train"], outcomes(with_champion)["model_report"]) == ("ran", "ran")
    assert page("retraining").startswith(f"**Champion/2 is the model of this run: {told.why}.**")
    assert "| superiority | mixed corruptions |" in page("gate")


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        pytest.param(lambda root: None, "git has no commit yet", id="no commit"),
        pytest.param(lambda root: shutil.rmtree(root / ".git"), "is in no git repository", id="no repository"),
    ],
)
def test_where_git_cannot_commit_no_work_is_done(in_toy: Path, prepare: Callable[[Path], None], message: str) -> None:
    prepare(in_toy)
    with pytest.raises(ValueError, match=message):
        retrained()
    assert not (in_toy / provenance.FOLDER).exists()


@pytest.mark.long
def test_a_worse_model_does_not_and_the_champion_is_judged_once(
    with_second: Path, steer: Any, receiver: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    steer.words(with_second, "train", WORSE)
    monkeypatch.setenv(webhook.VARIABLE, receiver.url)
    told = retrained()
    assert str(told).startswith("kept champion/1: worse on ")
    notify._thread.submit(int).result(60)
    assert receiver.events("refused") == [str(told)]
    assert (subjects(with_second)[0], len(repository.tags(with_second, "champion/*"))) == ("Take in second", 1)
    assert retrained().outcome == "unchanged"
    assert retrained(force=True).outcome == "kept"
    assert provenance.read(with_second)["facts"]["rescored"] == "champion/1: cached"


@pytest.mark.long
def test_a_delivery_of_copies_is_committed_and_trains_nothing(with_champion: Path, tmp_path: Path) -> None:
    add_remove.add(with_champion, images(tmp_path / "one"), "one")
    retrained()
    add_remove.add(with_champion, images(tmp_path / "copies", number=20), "copies")
    told = retrained()
    assert str(told) == f"nothing to train on: {WHY_UNCHANGED}, to which copies brought no image"
    assert subjects(with_champion)[0] == "Take in copies"
    assert (retrained().fresh, repository.changed(with_champion)) == ([], [])


@pytest.mark.long
def test_a_champion_that_saw_a_test_row_stays_and_the_page_says_what_a_person_can_do(with_second: Path) -> None:
    """As where the seed of the split was changed: what is test data now, the champion may have learnt."""
    now = champion.current(with_second)
    assert now is not None
    (with_second / now.folder / "training_ids.txt").open("a").writelines(
        f"{each}\n" for each in ids(with_second, "test")
    )
    told = retrained()
    why = "it cannot be judged on today's test rows: the model has seen 80 of the "
    assert str(told).startswith(f"kept champion/1: {why}")
    assert "promote --why ... --although" in page("gate")
    assert retrained().outcome == "unchanged"


@pytest.mark.long
def test_what_could_not_be_pushed_is_pushed_by_the_next_run(with_second: Path, tmp_path: Path) -> None:
    store, origin = tmp_path / "store", tmp_path / "origin.git"
    git(with_second, "init", "-q", "--bare", str(origin))
    git(with_second, "remote", "add", "origin", str(origin))
    remote.add(with_second, str(store))
    away = store.rename(tmp_path / "away")
    with pytest.raises(OSError, match="champion/2 is the model of this run: .* All of that stands, and could not be"):
        retrained(review_branch=True)
    assert champion.current(with_second).tag == "champion/2"  # type: ignore[union-attr]
    assert provenance.read(with_second)["outcome"] == "failed"
    assert git(origin, "branch", "--list") == ""
    away.rename(store)
    told = retrained(review_branch=True)
    assert told.outcome == "unchanged"
    store_line, branch = told.pushed
    assert store_line.endswith(f" files -> {store}")
    assert git(origin, "rev-parse", branch) == repository.head(with_second)
    assert told.not_backed_up == []


@pytest.mark.long
def test_a_run_s_commits_start_no_other(with_second: Path, prefect: Any) -> None:
    """Only events and the schedule do. Of these, a run emits those of what it takes in itself."""
    before = events(prefect.api)
    retrained()
    assert events(prefect.api) == before
