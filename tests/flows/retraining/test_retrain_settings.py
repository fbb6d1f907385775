"""Retrainings with settings of their own, on the toy: its model is the better the larger the batch."""

import contextlib
import hashlib
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flows.server import limits
from operations.deliveries import add_remove
from operations.experiments import saved, worktree
from operations.git import repository
from operations.history import provenance
from operations.process import lock
from operations.registry import champion
from operations.retraining import rescore, takeover
from operations.settings.settings_model import STAMP
from tasks import model_folder, predictions
from tests.support.retrained import NO, WHY_UNCHANGED, YES, git, images, page, retrained, subjects

pytestmark = pytest.mark.usefixtures("api")

BETTER, WORSE = {"train": {"batch": 38}}, {"train": {"batch": 24}}

# Runs the flow until it calls what is named, and is killed there.
KILLED = """
import json, os, signal, sys
from importlib import import_module
place, name = sys.argv[1].split(":")
setattr(import_module(place), name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
from flows.retrain import retrain
retrain(settings=json.loads(sys.argv[2]))
"""
RUN = "import json, sys; from flows.retrain import retrain; retrain(settings=json.loads(sys.argv[1]))"


@pytest.fixture(autouse=True)
def _known_to_git(monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "toy")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "toy@localhost")


def test_settings_of_a_promoted_model_are_put_into_params_yaml_and_committed(with_champion: Path) -> None:
    before = (with_champion / "params.yaml").read_text()
    told = retrained(settings=BETTER)
    assert str(told).startswith("champion/2 is the model of this run: better on ")
    assert str(told).endswith("; params.yaml has train.batch=38 now")
    _check_taken_over(with_champion, before)
    assert git(with_champion, "show", "--name-only", "--format=", told.commit).split() == ["dvc.lock", "params.yaml"]
    now = champion.current(with_champion)
    assert now is not None
    own = json.loads((with_champion / now.folder / "provenance.json").read_text())
    assert own["facts"]["settings"] == {"train.batch": 38}
    assert own["params"]["train"]["batch"] == 38
    assert retrained().why == WHY_UNCHANGED


def test_with_a_model_that_the_gate_refuses_the_workspace_stays_and_an_experiment_keeps_them(
    with_champion: Path,
) -> None:
    before = _everything(with_champion)
    told = retrained(settings=WORSE)
    (kept,) = saved.experiments(with_champion)
    assert str(told).startswith("kept champion/1: worse on ")
    assert str(told).endswith(f"; train.batch=24 is kept as experiment {kept.name}: `hemaflow apply {kept.name}`")
    assert _everything(with_champion) == before
    assert saved.settings(with_champion, kept) == {"train.batch": 24}
    assert saved.metrics(with_champion, kept)["accuracy"] < 0.8
    assert "| worse |" in page("gate")
    assert "Settings: train.batch=24" in page("retraining")
    facts = provenance.read(with_champion)["facts"]
    assert (facts["settings"], facts["experiment"]) == ({"train.batch": 24}, kept.name)
    assert list((with_champion / worktree.FOLDER).glob("*")) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"gate": {"level": 0.9}}, "gate.level: a retraining cannot have rules of its own", id="gate"),
        pytest.param({"train": {"batches": 1}}, "train.batches: no such setting", id="unknown"),
        pytest.param({"train": {"batch": 38}, STAMP: "other"}, "made from another params.yaml", id="an old form"),
    ],
)
def test_what_no_retraining_can_have_is_refused_before_any_work(
    in_repository: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(Exception, match=message):
        retrained(settings=settings)
    assert not (in_repository / provenance.FOLDER).exists()


def test_beside_edits_of_params_yaml_that_are_not_committed_they_are_refused(in_repository: Path) -> None:
    """The commit would hold them, or the model would not be of the params.yaml that its commit has."""
    edited = (in_repository / "params.yaml").read_text() + "# mine\n"
    (in_repository / "params.yaml").write_text(edited)
    with pytest.raises(ValueError, match=r"params.yaml has changes that are not committed, .*: commit them or `git ch"):
        retrained(settings=BETTER)
    assert (in_repository / "params.yaml").read_text() == edited


def test_on_the_command_line_an_unknown_one_is_refused_in_a_line(
    in_repository: Path, environment: dict[str, str]
) -> None:
    command = ["python", "-m", "hemaflow", "retrain", "--set", "train.batches=38"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "train.batches: no such setting, did you mean train.batch?\n"


@pytest.mark.long
def test_on_the_command_line_they_are_tried(with_champion: Path, environment: dict[str, str], prefect: Any) -> None:
    env = {**environment, "PREFECT_API_URL": prefect.api, "PREFECT_HOME": str(prefect.home)}
    command = ["python", "-m", "hemaflow", "retrain", "--set", "batch=38"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("; params.yaml has train.batch=38 now")
    assert (
        "train.batch=38"
        in subprocess.run(["python", "-m", "hemaflow", "experiments"], env=env, capture_output=True, text=True).stdout
    )


@pytest.mark.parametrize(
    ("test", "rescored"),
    [
        pytest.param(0.1, "champion/1: ran", id="rows that it has not seen"),
        pytest.param(0.2, "champion/1: refused, the model has seen ", id="rows that it has learnt"),
    ],
)
@pytest.mark.long
def test_the_champion_is_judged_on_the_candidate_s_test_rows(with_champion: Path, test: float, rescored: str) -> None:
    shares = {"train": 0.85 - test, "test": test}
    told = retrained(settings={"split": {"shares": shares}})
    assert told.outcome == "kept"
    assert provenance.read(with_champion)["facts"]["rescored"].startswith(rescored)
    if rescored.endswith("ran"):
        (scores,) = (with_champion / rescore.CACHE).iterdir()
        found = saved.metrics(with_champion, saved.experiments(with_champion)[0])["rows"]
        assert len(predictions.read(scores).rows) == found < len(predictions.read(with_champion / rescore.SCORES).rows)


@pytest.mark.parametrize(
    ("place", "settings"),
    [
        pytest.param("flows.retraining.retrain_steps:judged", BETTER, id="in the worktree", marks=pytest.mark.long),
        pytest.param("flows.retraining.retrain_tasks:taken_over", BETTER, id="before", marks=pytest.mark.long),
        pytest.param("operations.retraining.takeover:_finish", BETTER, id="after the journal", marks=pytest.mark.long),
        pytest.param(
            "operations.git.repository:commit", BETTER, id="between params.yaml and the commit", marks=pytest.mark.long
        ),
        pytest.param("flows.retraining.retrain_tasks:promote", BETTER, id="after it", marks=pytest.mark.long),
    ],
)
def test_the_next_run_makes_up_for_one_that_was_killed(
    with_champion: Path, child: Any, place: str, settings: dict[str, Any]
) -> None:
    before = (with_champion / "params.yaml").read_text()
    # The commit of what the run took in comes first, and is none here: only the takeover's counts.
    killed = child(
        KILLED if place != "operations.git.repository:commit" else _AT_THE_COMMIT, place, json.dumps(settings)
    )
    assert killed.wait() == -signal.SIGKILL
    assert retrained(settings=settings).outcome == "promoted"
    _check_taken_over(with_champion, before)
    assert retrained().outcome == "unchanged"


_AT_THE_COMMIT = KILLED.replace(
    "setattr(", "import operations.retraining.data_commit as d; d.commit = lambda root, *_: 'none'\nsetattr("
)


@pytest.mark.long
def test_after_a_kill_in_the_takeover_a_run_without_settings_finishes_it(with_champion: Path, child: Any) -> None:
    before = (with_champion / "params.yaml").read_text()
    killed = child(KILLED, "operations.retraining.takeover:_finish", json.dumps(BETTER))
    assert killed.wait() == -signal.SIGKILL
    assert (with_champion / "params.yaml").read_text() == before
    assert retrained().outcome == "promoted"
    _check_taken_over(with_champion, before)


@pytest.mark.long
def test_a_takeover_is_not_finished_over_a_person_s_edit(with_champion: Path, child: Any) -> None:
    killed = child(KILLED, "operations.retraining.takeover:_finish", json.dumps(BETTER))
    assert killed.wait() == -signal.SIGKILL
    edited = (with_champion / "params.yaml").read_text() + "# mine\n"
    (with_champion / "params.yaml").write_text(edited)
    assert retrained().outcome == "unchanged"
    assert (with_champion / "params.yaml").read_text() == edited
    assert not (with_champion / takeover.JOURNAL).exists()


@pytest.mark.long
def test_what_is_killed_in_training_leaves_nothing(
    with_champion: Path, child: Any, steer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on the checkout's own server, where a run frees the slot that a killed one held: else it waits for minutes.
    monkeypatch.setattr(limits.server, "is_own", lambda _root: True)
    steer.words(with_champion, "train", "sleep 600")
    git(with_champion, "commit", "-qam", "Sleep")
    before = _everything(with_champion)
    killed = child(RUN, json.dumps(BETTER))
    from tests.support import fixtures as conftest

    conftest._await(lambda: any((with_champion / worktree.FOLDER).glob("*/data/network/ticks")), 120, "no training")
    killed.kill()
    with contextlib.chdir("/"):
        conftest._await(lambda: lock.holder(with_champion) is None, 60, "the lock is still held")
    assert _everything(with_champion) == before
    steer.wake(with_champion)
    assert retrained(settings=BETTER).outcome == "promoted"
    assert list((with_champion / worktree.FOLDER).glob("*")) == []
    assert provenance.read(with_champion, provenance.runs(with_champion)[-2])["outcome"] == "did not end"


@pytest.mark.long
@pytest.mark.parametrize(
    ("answer", "edit", "why"),
    [
        pytest.param(YES, "", "better on ", id="yes"),
        pytest.param(NO, "", "not promoted: too few platelets", id="no"),
        pytest.param(YES, "# mine\n", "params.yaml was changed since the run began", id="yes, but params.yaml changed"),
    ],
)
def test_a_person_is_asked_before_anything_is_taken_over(
    with_champion: Path, question: Any, tmp_path: Path, answer: dict[str, str], edit: str, why: str
) -> None:
    from flows.retrain import retrain

    before, params = _everything(with_champion), (with_champion / "params.yaml").read_text()
    asked = question(retrain, approval="person", settings=BETTER)
    assert "train.batch=38" in asked.form()[1]
    assert _everything(with_champion) == before
    again = retrained(approval="person", settings=BETTER)
    assert again.why == f"{asked.name} waits for a person's answer about this model"
    (with_champion / "params.yaml").write_text(params + edit)
    asked.answer(answer)
    told = asked.result()
    assert told.why.startswith(why)
    if told.outcome == "promoted":
        _check_taken_over(with_champion, params)
        return
    assert (with_champion / "params.yaml").read_text() == params + edit
    (with_champion / "params.yaml").write_text(params)
    assert _everything(with_champion) == before
    assert champion.current(with_champion).tag == "champion/1"  # type: ignore[union-attr]


@pytest.mark.long
def test_a_delivery_is_taken_in_and_is_new_again_for_the_next_run_where_the_gate_refuses(
    with_champion: Path, tmp_path: Path
) -> None:
    add_remove.add(with_champion, images(tmp_path / "second"), "second")
    assert retrained(settings=WORSE).fresh == ["second"]
    assert subjects(with_champion)[0] == "Take in second"
    assert repository.changed(with_champion) == []
    told = retrained()
    assert (told.fresh, told.settings) == (["second"], {})
    assert provenance.read(with_champion)["params"]["train"]["batch"] == 32


def _check_taken_over(root: Path, before: str) -> None:
    """All says that the settings are the project's, and nothing is left of how they came."""
    after = (root / "params.yaml").read_text()
    head, _, tail = before.partition("\ntrain:")
    assert after == f"{head}\ntrain:{tail.replace('batch: 32 ', 'batch: 38 ', 1)}" != before
    assert [line.partition(":")[0] for line in subjects(root)] == [
        "Promote champion/2", "Retrain with train.batch=38", "Promote champion/1", "Toy",
    ]  # fmt: skip
    assert repository.changed(root) == []
    now = champion.current(root)
    assert now is not None
    assert now.model == model_folder.digest(root / "data/model") == model_folder.digest(root / now.folder)
    assert (root / now.folder / "model.weights.h5").read_text() == "0.95"
    assert list((root / worktree.FOLDER).glob("*")) == list((root / "data/.state/candidates").glob("*")) == []
    assert not (root / takeover.JOURNAL).exists()


def _everything(root: Path) -> dict[str, str]:
    """Of each file that a person may look at, and of what git has staged and committed, what is in it."""
    files = [file for file in root.rglob("*") if file.is_file() and not {".git", ".dvc", "__pycache__"} & {*file.parts}]
    own = [file for file in files if not {".state", "runs", "incoming"} & {*file.relative_to(root).parts}]
    found = {str(file): hashlib.md5(file.read_bytes()).hexdigest() for file in own}
    return {
        **found,
        "staged": git(root, "ls-files", "--stage"),
        "head": repository.head(root),
        "changed": str(repository.changed(root)),
    }
