"""Deliveries that the champion's audit holds, on the toy: real stages, git, DVC and a Prefect server."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flows import notify
from flows.server import webhook
from operations.deliveries import holds
from operations.deliveries.add_remove import add, remove
from operations.deliveries.hold import hold, release
from operations.git import repository
from operations.history import provenance
from operations.history.explain import explain
from operations.pipeline import plan
from operations.project import listing
from operations.retraining.put_back import PUT_BACK
from tests.support.receiver import Received
from tests.support.retrained import BETTER, WORSE, git, images, outcomes, page, retrained, subjects

pytestmark = pytest.mark.usefixtures("api")

TABLES = ["data/clean/rows.parquet", "data/deduped/rows.tsv"]


def shuffled(folder: Path, number: int = 60, every: int = 1, seed: int = 5) -> Path:
    """Class folders in which every so many images have the other class's label."""
    made = images(folder, number, seed)
    for k in range(0, number, every):
        label, other = ("ig", "platelet") if k % 2 == 0 else ("platelet", "ig")
        (made / label / f"{k}.png").rename(made / other / f"{label}-{k}.png")
    return made


def rows(root: Path, delivery: str) -> pd.DataFrame:
    found = pd.read_parquet(root / "data/clean/rows.parquet")
    return found[found["delivery"] == delivery]


def digests(root: Path) -> list[str]:
    return [hashlib.sha256((root / file).read_bytes()).hexdigest() for file in TABLES]


def test_a_delivery_of_shuffled_labels_is_held_before_training_and_comes_back_as_it_was(
    with_champion: Path, tmp_path: Path, receiver: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(webhook.VARIABLE, receiver.url)
    add(with_champion, shuffled(tmp_path / "second"), "second")
    state = retrained(return_state=True)
    told = state.result()
    assert (state.name, told.outcome, told.fresh, list(told.held)) == ("Held", "unchanged", ["second"], ["second"])
    assert "held second: " in str(told)
    assert "on the champion's own test rows 0.000; Fisher's exact test: p = " in told.held["second"]
    assert "hemaflow release second --why" in str(told)
    assert outcomes(with_champion)["train"] == "skipped"
    assert (listing.names(with_champion), listing.held(with_champion)) == (["demo", "second"], ["second"])
    assert set(rows(with_champion, "second")["drop_reason"]) == {"held"}

    assert notify.tell("failed", "the last of the line").result(60) is None  # type: ignore[union-attr]
    (message,) = receiver.events("held")
    assert message.startswith(f"held second: {told.held['second']}")

    facts = provenance.read(with_champion, told.record)["facts"]
    assert facts["held"] == told.held
    assert facts["audit"][0]["verdict"] == "mislabelled"
    explained = explain(with_champion).splitlines()
    assert f"  held        second: {told.held['second']}; to take it back: {holds.command('second')}" in explained
    assert f"  audit       second: {told.held['second']}" in explained
    assert any(line.endswith(" images: demo, second (on hold)") for line in explained)
    assert "## On hold" in page("retraining")
    assert subjects(with_champion)[0] == "Take in second, hold second"
    assert {"data/deliveries.yaml", "data/deliveries/second.yaml", "data/holds.csv", "data/raw/second.dvc"} <= set(
        git(with_champion, "show", "--name-only", "--format=", told.commit or "").split()
    )
    assert repository.changed(with_champion) == []
    line = holds.why(with_champion, "second")
    assert line is not None
    assert (line.act, line.who) == ("hold", f"the audit of run {told.record}")

    assert retrained(return_state=True).name == "Unchanged"  # nothing is held twice, and nothing trained


@pytest.mark.long
def test_what_a_person_releases_is_learnt_and_not_held_again(with_champion: Path, tmp_path: Path, steer: Any) -> None:
    add(with_champion, shuffled(tmp_path / "second"), "second")
    assert retrained().held
    release(with_champion, "second", "looked at with the laboratory", "Ada")
    steer.words(with_champion, "train", BETTER)
    told = retrained()
    assert (told.held, told.fresh, listing.held(with_champion)) == ({}, ["second"], [])
    assert "it stays, for a person released it" in told.audit
    assert outcomes(with_champion)["train"] == "ran"
    assert rows(with_champion, "second")["kept"].all()
    assert repository.changed(with_champion) == ["params.yaml"]


def test_where_the_gate_refuses_a_model_the_guilty_delivery_is_held_and_the_others_are_learnt(
    with_champion: Path, tmp_path: Path, steer: Any
) -> None:
    add(with_champion, shuffled(tmp_path / "spoilt", every=5), "spoilt")
    add(with_champion, images(tmp_path / "good", 40, seed=9), "good")
    steer.words(with_champion, "train", WORSE)
    told = retrained()
    assert (told.outcome, list(told.held), told.fresh) == ("kept", ["spoilt"], ["spoilt", "good"])
    assert str(told).startswith("kept champion/1: worse on ")
    assert set(rows(with_champion, "spoilt")["drop_reason"]) == {"held"}
    assert rows(with_champion, "good")["kept"].all()
    assert (outcomes(with_champion)["train"], told.state) == ("ran", "Held")
    assert "`good`: " in told.audit
    assert subjects(with_champion)[0] == "Take in spoilt, good, hold spoilt"
    assert retrained().outcome == "unchanged"


@pytest.mark.long
def test_after_a_refusal_the_dataset_is_what_it_was(with_champion: Path, tmp_path: Path, steer: Any) -> None:
    before, model = plan.entries(with_champion), (with_champion / "data/model/model.json").read_bytes()
    add(with_champion, shuffled(tmp_path / "spoilt", every=5), "spoilt")
    told = retrained()  # of the same skill, on test rows that are wrong: no better, so it is refused
    assert (told.outcome, list(told.held)) == ("kept", ["spoilt"])
    assert set(rows(with_champion, "spoilt")["drop_reason"]) == {"held"}
    # The rest is what the champion was trained on. As the held rows stay in data/clean, DVC would train on it again: so
    # all from train on is put back, in dvc.lock too.
    assert provenance.read(with_champion, told.record)["facts"]["put_back"][:2] == ["data/network", "data/model"]
    now = plan.entries(with_champion)
    assert {name: now[name] for name in PUT_BACK} == {name: before[name] for name in PUT_BACK}
    assert (with_champion / "data/model/model.json").read_bytes() == model
    assert repository.changed(with_champion) == []
    assert retrained(return_state=True).name == "Unchanged"
    assert outcomes(with_champion)["train"] == "skipped"


@pytest.mark.long
def test_a_hold_by_a_person_and_its_release_give_the_same_tables(with_second: Path) -> None:
    retrained()
    before, where = digests(with_second), rows(with_second, "second").set_index("source")[["split_group", "split"]]
    hold(with_second, "second", "labels look shuffled", "Ada")
    assert retrained().held == {}  # a person held it, not the run
    during = rows(with_second, "second").set_index("source")
    assert set(during["drop_reason"]) == {"held"}
    pd.testing.assert_frame_equal(during[["split_group", "split"]], where)
    release(with_second, "second", "looked at", "Ada")
    retrained()
    assert digests(with_second) == before


@pytest.mark.long
def test_a_held_delivery_is_removed(with_champion: Path, tmp_path: Path) -> None:
    add(with_champion, shuffled(tmp_path / "second"), "second")
    retrained()
    remove(with_champion, "second")
    assert retrained().outcome == "unchanged"
    assert (listing.names(with_champion), listing.held(with_champion)) == (["demo"], [])
    assert not (with_champion / "data/raw/second.dvc").exists()
    assert repository.changed(with_champion) == []


@pytest.mark.long
def test_other_content_under_a_known_name_is_audited_too(with_second: Path, tmp_path: Path) -> None:
    assert retrained().outcome == "promoted"
    remove(with_second, "second")
    add(with_second, shuffled(tmp_path / "anew"), "second")
    assert list(retrained().held) == ["second"]
