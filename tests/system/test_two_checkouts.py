"""A day with a remote in small: one checkout delivers, trains and pushes; another, with no data, goes on from there."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from operations.deliveries.add_remove import add
from operations.deliveries.review import review
from operations.pipeline import plan
from operations.project import listing
from operations.registry import champion
from operations.storage import remote
from tests.support import formats, retrained

WHO = {f"GIT_{role}_{what}": "toy@toy" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture
def fresh(in_repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of the toy with a remote that is empty, entered: what dvc.lock names is nowhere."""
    for name, value in {**WHO, "PYTHONPATH": str(Path(__file__).parents[2])}.items():
        monkeypatch.setenv(name, value)
    return cloned(in_repository, tmp_path / "first", monkeypatch)


def cloned(root: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "clone", "-q", str(root), str(place)], check=True)
    monkeypatch.chdir(place)
    return place


def outcomes(target: str = "model_report") -> dict[str, str]:
    from flows.pipeline import pipeline

    made: Any = pipeline(target=target)
    return {each.stage: str(each.outcome) for each in made}


@pytest.mark.long
def test_one_checkout_makes_what_another_goes_on_from(
    fresh: Path, tmp_path: Path, steer: Any, api: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.study import study

    remote.add(fresh, str(tmp_path / "store"))
    retrained.git(fresh, "commit", "-qam", "Remote")
    steer.words(fresh, "dedupe", "other")
    assert set(outcomes("split").values()) == {"ran"}
    deliveries = formats.each(tmp_path / "desk")
    for name, path in deliveries.items():
        add(fresh, path, name)
    told = retrained.retrained()
    assert (told.outcome, told.fresh, told.not_backed_up) == ("promoted", ["demo", *deliveries], [])
    review(fresh, "folder/ig/0.png", "drop", "out of focus", "Ada")
    assert outcomes()["dedupe"] == "ran"
    assert study("ablation", trials=["one"]) == {"one": "ran"}
    retrained.git(fresh, "add", "-A")
    retrained.git(fresh, "commit", "-qm", "Verdicts, settings and a study")
    remote.push(fresh)

    second = cloned(fresh, tmp_path / "second", monkeypatch)
    assert listing.names(second) == ["demo", *deliveries]
    assert set(outcomes().values()) == {"unchanged"}
    assert not (second / "data/clean").exists(), "what nothing reads was fetched"
    assert study("ablation", trials=["one"]) == {"one": "restored"}
    add(second, retrained.images(tmp_path / "more"), "more")
    steer.words(second, "train", retrained.BETTER)
    told = retrained.retrained()
    assert (told.outcome, told.champion, told.not_backed_up) == ("promoted", "champion/2", [])
    assert not (second / "data/raw/folder").exists(), "an old delivery was fetched"
    assert champion.rollback(second, None, "worse on new smears", "Ada").tag == "champion/1"
    remote.pull(second)
    assert plan.stale(second) == set()
