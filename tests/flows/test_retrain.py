"""The whole of it on the toy: real stages, git, DVC and a Prefect server."""

import contextlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from flows import champion, deliver, listing, lock, provenance, remote, repository, rescore
from flows.retraining import Retraining

pytestmark = pytest.mark.usefixtures("api")

BETTER, WORSE = "skill 0.95", "skill 0.6"
YES = {"promote": "yes", "who": "Ada", "why": "the platelets are fine"}
NO = {"promote": "no", "who": "Ada", "why": "too few platelets"}
COMMITTED = [
    "data/deliveries.yaml", "data/embedded/.gitignore", "data/ingested/.gitignore", "data/raw/.gitignore",
    "data/raw/second.dvc", "dvc.lock",
]  # fmt: skip

# Runs the flow until it calls what is named, and is killed there.
KILLED = """
import os, signal, sys
from importlib import import_module
module, name = sys.argv[1].split(":")
setattr(import_module(module), name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
from flows.retrain import retrain
retrain()
"""
RUN = "from flows.retrain import retrain; print(retrain(return_state=True).name)"


@pytest.fixture(scope="module")
def made_champion(made_toy: Path, tmp_path_factory: pytest.TempPathFactory, api: None) -> tuple[Path, Retraining]:
    """A committed toy whose model became the first champion, by a retraining, and what that said."""
    root = Path(shutil.copytree(made_toy, tmp_path_factory.mktemp("champion") / "toy", symlinks=True))
    git(root, "add", "-A")
    git(root, "-c", "user.name=toy", "-c", "user.email=toy", "commit", "-q", "-m", "Toy")
    with contextlib.chdir(root):
        return root, retrained()


@pytest.fixture
def root(made_champion: tuple[Path, Retraining], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, entered."""
    copy = Path(shutil.copytree(made_champion[0], tmp_path / "toy", symlinks=True))
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture
def second(root: Path, steer: Any, tmp_path: Path) -> Path:
    """The same with a second delivery, from which a better model is to be had."""
    deliver.deliver(root, pictures(tmp_path / "second"), "second")
    steer.words(root, "train", BETTER)
    return root


def test_the_first_model_becomes_the_champion_by_the_floors(made_champion: tuple[Path, Retraining]) -> None:
    root, told = made_champion
    assert str(told) == "champion/1 is the model of this run: the first model, above each of 6 floors"
    assert told.fresh == []  # the demo's pictures had been learnt
    assert subjects(root) == ["Promote champion/1: the first model, above each of 6 floors", "Toy"]
    now = champion.current(root)
    assert now is not None
    assert (now.tag, now.who, now.run, now.replaced) == ("champion/1", "the gate", told.record, None)
    assert now.model == rescore.digest(root / "data/model") == rescore.digest(root / champion.CHAMPION)
    assert repository.changed(root) == []


def test_with_nothing_new_nothing_is_trained_and_nothing_committed(root: Path) -> None:
    head = repository.head(root)
    state = retrained(return_state=True)
    assert (state.name, state.message) == ("Unchanged", f"nothing to train on: {WHY_UNCHANGED}")
    assert repository.head(root) == head
    assert outcomes(root)["train"] == "skipped"


WHY_UNCHANGED = "the cleaned dataset is that of the last training"


def test_a_better_model_takes_the_champion_s_place(root: Path, steer: Any, tmp_path: Path) -> None:
    """From the drop folder to the next champion: what is committed, noted and told."""
    pictures(root / "data/incoming/second")
    (root / "data/incoming/second.complete").touch()
    steer.words(root, "train", BETTER)
    told = retrained(deliveries=["second"])
    assert str(told).startswith("champion/2 is the model of this run: better on ")
    assert subjects(root)[:2] == [f"Promote champion/2: {told.why}", "Take in second"]
    assert git(root, "show", "--name-only", "--format=", told.commit or "").split() == COMMITTED
    assert (told.fresh, told.left, repository.changed(root)) == (["second"], ["params.yaml"], ["params.yaml"])
    assert repository.tags(root, "champion/*") == ["champion/1", "champion/2"]
    record = provenance.read(root, told.record)
    facts = record["facts"]
    assert facts["triggered_by"] == "command line, for second"
    assert (facts["delivered"], facts["promoted"], facts["commit"]) == (["second"], "champion/2", told.commit)
    assert facts["rescored"] == "champion/1: ran"
    assert facts["decision"]["promote"] is True
    assert facts["drift"]["sentence"]
    assert any("there is no remote" in line for line in facts["not_backed_up"])
    assert (outcomes(root)["train"], outcomes(root)["card"]) == ("ran", "ran")
    assert page("retraining").startswith(f"**Champion/2 is the model of this run: {told.why}.**")
    assert "| better | the mix of distortions |" in page("gate")


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
def test_a_worse_model_does_not_and_the_champion_is_judged_once(second: Path, steer: Any) -> None:
    steer.words(second, "train", WORSE)
    told = retrained()
    assert str(told).startswith("kept champion/1: worse on ")
    assert (subjects(second)[0], len(repository.tags(second, "champion/*"))) == ("Take in second", 1)
    assert retrained().outcome == "unchanged"
    assert retrained(force=True).outcome == "kept"
    assert provenance.read(second)["facts"]["rescored"] == "champion/1: cached"


@pytest.mark.long
def test_a_delivery_of_copies_is_committed_and_trains_nothing(root: Path, tmp_path: Path) -> None:
    deliver.deliver(root, pictures(tmp_path / "one"), "one")
    retrained()
    deliver.deliver(root, pictures(tmp_path / "copies", number=20), "copies")
    told = retrained()
    assert str(told) == f"nothing to train on: {WHY_UNCHANGED}, to which copies brought no picture"
    assert subjects(root)[0] == "Take in copies"
    assert (retrained().fresh, repository.changed(root)) == ([], [])


@pytest.mark.long
@pytest.mark.parametrize(
    ("place", "outcome"),
    [
        pytest.param("flows.retrain_steps:trained", "promoted", id="before the training"),
        pytest.param("flows.retrain_steps:judged", "promoted", id="before the gate"),
        pytest.param("flows.retrain_steps:committed", "promoted", id="after the gate"),
        pytest.param("flows.retrain_steps:promoted_or_kept", "promoted", id="after the commit of the data"),
        pytest.param("flows.switch:_finish", "unchanged", id="in the middle of the promotion"),
        pytest.param("flows.decided:note", "unchanged", id="after the promotion"),
        pytest.param("flows.retrain_tasks:push", "unchanged", id="before the push"),
    ],
)
def test_the_next_run_makes_up_for_one_that_was_killed(second: Path, child: Any, place: str, outcome: str) -> None:
    killed = child(KILLED, place)
    assert killed.wait() == -signal.SIGKILL
    assert retrained().outcome == outcome
    check_second_champion(second)
    assert retrained().outcome == "unchanged"
    check_second_champion(second)


@pytest.mark.long
def test_a_run_that_is_killed_in_mid_training_leaves_no_stage_behind(
    second: Path, child: Any, steer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steer.words(second, "train", f"sleep 60 {BETTER}")
    killed = child(RUN)
    steer.await_ticks(second)
    killed.kill()
    with contextlib.chdir("/"):  # this process is none of them
        steer.await_no_process(second)
    # As with a server of the checkout's own: the slot that the killed training held is free at once, not in minutes.
    monkeypatch.setenv("PREFECT_HOME", str(second / "data/.state/prefect"))
    steer.words(second, "train", BETTER)
    assert retrained().outcome == "promoted"
    check_second_champion(second)


@pytest.mark.long
def test_many_at_once(second: Path, child: Any, tmp_path: Path) -> None:
    """One works, at most one waits, the others end; what landed while they came is taken in."""
    runs = [child(RUN) for _ in range(5)]
    deliver.deliver(second, pictures(tmp_path / "third", seed=9), "third")
    runs += [child(RUN) for _ in range(3)]
    names = [run.communicate()[0].split()[-1] for run in runs]
    assert [run.returncode for run in runs] == [0] * len(runs)
    assert set(names) <= {"Completed", "Unchanged", "Collapsed"}
    assert 1 <= names.count("Completed") <= 2
    assert names.count("Collapsed") >= 3
    assert b'"third"' in (repository.show(second, "HEAD", listing.FILE) or b"")
    assert repository.changed(second) == ["params.yaml"]


@pytest.mark.long
def test_a_champion_that_saw_a_test_row_stays_and_the_page_says_what_a_person_can_do(second: Path) -> None:
    """As where the seed of the split was changed: what is test data now, the champion may have learnt."""
    (second / "data/champion/seen.txt").open("a").writelines(f"{each}\n" for each in ids(second, "test"))
    told = retrained()
    why = "it cannot be judged on today's test rows: the model has seen 80 of the "
    assert str(told).startswith(f"kept champion/1: {why}")
    assert "promote --why ... --although" in page("gate")
    assert retrained().outcome == "unchanged"


@pytest.mark.long
@pytest.mark.parametrize(
    ("answer", "outcome", "why"),
    [
        pytest.param(YES, "promoted", "better on ", id="yes"),
        pytest.param(NO, "kept", "not promoted: too few platelets (Ada)", id="no"),
        pytest.param(None, "kept", "not promoted: no answer within 0.01 hours (nobody)", id="no answer"),
    ],
)
def test_a_person_is_asked(
    second: Path, question: Any, tmp_path: Path, answer: dict[str, str] | None, outcome: str, why: str
) -> None:
    """While the question is open others may work: a delivery that comes then is neither lost nor committed."""
    from flows.retrain import retrain

    asked = question(retrain, approval="person", approval_hours=1.0 if answer else 0.01)
    text = asked.form()[1]
    assert "in place of champion/1" in text
    assert "| better | the mix of distortions |" in text
    assert (lock.holder(second), subjects(second)[0]) == (None, "Take in second")
    deliver.deliver(second, pictures(tmp_path / "later", seed=3), "later")
    if answer:
        asked.answer(answer)
    told = asked.result()
    assert (told.outcome, told.why[: len(why)]) == (outcome, why)
    assert repository.changed(second) == [
        "data/deliveries.yaml",
        "data/raw/.gitignore",
        "data/raw/later.dvc",
        "params.yaml",
    ]
    assert listing.names(second) == ["demo", "second", "later"]
    now = champion.current(second)
    assert now is not None
    assert (now.tag, now.who) == (("champion/2", "Ada") if outcome == "promoted" else ("champion/1", "the gate"))
    assert list((second / "data/.state/candidates").glob("*")) == []


@pytest.mark.long
def test_while_a_person_is_asked_another_run_does_not_ask_again(second: Path, question: Any) -> None:
    from flows.retrain import retrain

    asked = question(retrain, approval="person")
    asked.await_state("Paused")
    told = retrained(approval="person")
    assert (
        str(told) == f"nothing to train on: {asked.name} waits for a person's answer about the model of these pictures"
    )
    asked.answer(NO)
    assert asked.result().outcome == "kept"
    assert retrained(approval="person").why == WHY_UNCHANGED


@pytest.mark.long
def test_a_champion_that_came_while_a_person_was_asked_stays(second: Path, question: Any) -> None:
    """The model is left for the next run, which compares it with that one."""
    from flows.retrain import retrain

    asked = question(retrain, approval="person")
    asked.await_state("Paused")
    champion.promote(second, champion.assemble(second, {}, None), "by hand", "Bob", "champion/1")
    asked.answer(YES)
    told = asked.result()
    assert str(told) == "kept champion/2: the model was compared with champion/1; the next run judges it anew"
    assert champion.current(second).who == "Bob"  # type: ignore[union-attr]


@pytest.mark.long
def test_a_gate_that_refuses_asks_nobody(second: Path, steer: Any) -> None:
    steer.words(second, "train", WORSE)
    assert str(retrained(approval="person")).startswith("kept champion/1: worse on ")


@pytest.mark.long
def test_what_could_not_be_pushed_is_pushed_by_the_next_run(second: Path, tmp_path: Path) -> None:
    store, origin = tmp_path / "store", tmp_path / "origin.git"
    git(second, "init", "-q", "--bare", str(origin))
    git(second, "remote", "add", "origin", str(origin))
    remote.add(second, str(store))
    away = store.rename(tmp_path / "away")
    with pytest.raises(OSError, match="champion/2 is the model of this run: .* All of that stands, and could not be"):
        retrained(review_branch=True)
    assert champion.current(second).tag == "champion/2"  # type: ignore[union-attr]
    assert provenance.read(second)["outcome"] == "failed"
    assert git(origin, "branch", "--list") == ""
    away.rename(store)
    told = retrained(review_branch=True)
    assert told.outcome == "unchanged"
    store_line, branch = told.pushed
    assert store_line.endswith(f" files -> {store}")
    assert git(origin, "rev-parse", branch) == repository.head(second)
    assert told.not_backed_up == []


@pytest.mark.long
def test_a_run_s_commits_start_no_other(second: Path, prefect: Any) -> None:
    """Only events and the schedule do. Of these, a run emits those of what it takes in itself."""
    before = events(prefect.api)
    retrained()
    assert events(prefect.api) == before


def check_second_champion(root: Path) -> None:
    """Everything once, and nothing left lying."""
    assert [line.partition(":")[0] for line in subjects(root)] == [
        "Promote champion/2", "Take in second", "Promote champion/1", "Toy",
    ]  # fmt: skip
    assert repository.tags(root, "champion/*") == ["champion/1", "champion/2"]
    now = champion.current(root)
    assert now is not None
    assert (now.tag, now.replaced) == ("champion/2", "champion/1")
    assert now.model == rescore.digest(root / "data/model") == rescore.digest(root / champion.CHAMPION)
    assert (root / "data/champion/model.weights.h5").read_text() == BETTER.split()[1]
    assert repository.changed(root) == ["params.yaml"]
    assert list((root / "data/.state/candidates").glob("*")) == []


@pytest.fixture
def child(environment: dict[str, str], prefect: Any) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Runs code in a process of its own, in the working directory."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *words: str) -> subprocess.Popen[str]:
        env = {**environment, "PREFECT_API_URL": prefect.api, "PREFECT_HOME": str(prefect.home)}
        command = [sys.executable, "-c", code, *words]
        started.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def retrained(**parameters: Any) -> Any:
    """What came of it, or its state with `return_state`."""
    from flows.retrain import retrain

    wants_state = parameters.pop("return_state", False)
    state = retrain(**parameters, return_state=True)
    return state if wants_state else state.result()


def ids(root: Path, split: str) -> list[str]:
    rows = pd.read_parquet(root / "data/clean/rows.parquet")
    return list(rows["id"][rows["split"] == split])


def events(api: str) -> int:
    """How many deliveries were announced."""
    wanted = {"filter": {"event": {"name": ["hemaflow.delivery.accepted"]}}}
    return int(httpx.post(f"{api}/events/filter", json=wanted).raise_for_status().json()["total"])


def outcomes(root: Path) -> dict[str, str]:
    return {entry["name"]: entry["outcome"] for entry in provenance.read(root)["stages"]}


def subjects(root: Path) -> list[str]:
    return git(root, "log", "--format=%s").splitlines()


def page(key: str) -> str:
    """The latest artifact of that key."""
    from prefect.artifacts import Artifact

    found = Artifact.get(key)
    assert found is not None
    return str(found.data)


def pictures(folder: Path, number: int = 40, seed: int = 0) -> Path:
    """Class folders of noise; fewer of the same seed are copies."""
    draw = np.random.default_rng(seed)
    for k in range(number):
        file = folder / ("ig", "platelet")[k % 2] / f"{k}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(file)
    return folder


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()
