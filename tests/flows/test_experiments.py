"""A run with settings of its own leaves the workspace as it is, and is an experiment afterwards."""

import hashlib
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from operations.clean_up import clean_up
from operations.experiments import saved, worktree
from operations.history import provenance
from tasks import params

pytestmark = pytest.mark.usefixtures("api")

RUN = """
import json, sys
from flows.pipeline import pipeline
pipeline(settings=json.loads(sys.argv[1]), target="train")
"""
SLEEP = {"train": {"batch": 16}}


@pytest.fixture(autouse=True)
def _known_to_git(monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "toy")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "toy@localhost")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")


def test_the_workspace_stays_as_it_was_and_dvc_lists_the_experiment(
    in_repository: Path, environment: dict[str, str]
) -> None:
    (in_repository / "data/review.csv").write_text((in_repository / "data/review.csv").read_text() + "\n")
    (in_repository / "notes.txt").write_text("mine\n")
    (in_repository / "toy.py").write_text((in_repository / "toy.py").read_text() + "# staged\n")
    _git(in_repository, "add", "toy.py")
    before = _everything(in_repository)
    made = _run(settings={"train": {"batch": 16}})
    assert {each.stage for each in made if each.outcome == "ran"} >= {"train", "calibrate", "evaluate", "model_report"}
    assert _everything(in_repository) == before
    assert _worktrees(in_repository) == 1

    name = saved.experiments(in_repository)[0].name
    shown = json.loads(_dvc(environment, "exp", "show", "--json"))
    rows = [each for revision in shown for each in revision["experiments"] or []]
    assert [(each["name"], each["executor"]) for each in rows] == [(name, None)]
    assert rows[0]["revs"][0]["data"]["params"]["params.yaml"]["data"]["train"]["batch"] == 16
    record = provenance.read(in_repository)
    assert record["facts"] == {"settings": {"train.batch": 16}, "target": "model_report", "experiment": name}
    assert record["params"]["train"]["batch"] == 16
    assert record["dvc_lock"]["end"] != record["dvc_lock"]["start"]
    assert {"toy.py", "notes.txt"} <= set(_git(in_repository, "ls-tree", "--name-only", name_ref(in_repository)))


@pytest.mark.long
def test_apply_takes_settings_lock_and_outputs_over(in_repository: Path) -> None:
    _run(settings={"train": {"batch": 16}})
    (in_repository / "data/review.csv").write_text((in_repository / "data/review.csv").read_text() + "\n")
    clean_up(in_repository)  # which leaves what an experiment needs
    found = saved.experiments(in_repository)[0]
    assert f"{found.name}  {found.when}  train.batch=16  rows 80" in saved.table(in_repository)
    assert "train.batch is 16 now, was 32" in saved.apply(in_repository, found.name)
    assert "batch: 16" in (in_repository / "params.yaml").read_text()
    assert (in_repository / "data/review.csv").read_text().endswith("\n\n"), "an edit made since is lost"
    _git(in_repository, "checkout", "data/review.csv")
    assert {str(each.outcome) for each in _run()} == {"unchanged"}
    with pytest.raises(ValueError, match=r"no experiment 'none'; the latest: "):
        saved.apply(in_repository, "none")


@pytest.mark.long
def test_a_target_and_a_second_clone_without_any_data(
    in_repository: Path, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "clone", "-q", str(in_repository), str(tmp_path / "clone")], check=True)
    monkeypatch.chdir(tmp_path / "clone")
    words = Path("params.yaml").read_text().replace("classes: {ig: [], ", 'classes: {"no": ["0"], "0": [yes], ig: [], ')
    Path("params.yaml").write_text(words)
    _git(Path.cwd(), "commit", "-qam", "Classes that look like something else")
    made = _run(settings={"dedupe": {"max_distance": 20}}, target="split")
    assert [each.stage for each in made][-1] == "split"
    (found,) = saved.experiments(Path.cwd())
    assert saved.settings(Path.cwd(), found) == {"dedupe.max_distance": 20}
    assert saved.metrics(Path.cwd(), found) == {}
    assert not Path("data/clean").exists()
    assert _git(Path.cwd(), "status", "--porcelain") == []
    given = ("-S", "dedupe.max_distance=18", "-S", "train.learning_rate=3e-5")
    _dvc(environment, "exp", "run", "--name", "own", *given, "split")
    assert {each.name for each in saved.experiments(Path.cwd())} == {found.name, "own"}
    changed = {"dedupe.max_distance": 18, "train.learning_rate": 3e-5}
    assert saved.settings(Path.cwd(), saved.named(Path.cwd(), "own")) == changed
    values = params.parse(Path("params.yaml").read_text())
    assert values["train"]["learning_rate"] == 3e-5
    assert values["classes"] == {"no": ["0"], "0": ["yes"], "ig": [], "platelet": []}


@pytest.mark.long
def test_a_failed_run_leaves_a_record_and_no_experiment(in_repository: Path, steer: Any) -> None:
    from operations.pipeline.runner import StageFailedError

    steer.words(in_repository, "calibrate", "fail")
    before = _everything(in_repository)
    with pytest.raises(StageFailedError, match="toy: this stage fails"):
        _run(settings={"train": {"batch": 16}})
    assert _everything(in_repository) == before
    assert saved.experiments(in_repository) == []
    assert provenance.read(in_repository)["outcome"] == "failed"
    assert _worktrees(in_repository) == 1


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGKILL, id="kill -9"), pytest.param(signal.SIGTERM, id="cancelled", marks=pytest.mark.long)],
)
def test_what_is_killed_in_training_leaves_nothing(
    in_repository: Path,
    environment: dict[str, str],
    steer: Any,
    child: Any,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    # As on the checkout's own server, where a run frees the slot that a killed one held: else it waits for minutes.
    monkeypatch.setattr("flows.server.limits.server.is_own", lambda _root: True)
    steer.words(in_repository, "train", "sleep 600")
    before = _everything(in_repository)
    run = child(RUN, json.dumps(SLEEP))
    ticks = in_repository / worktree.FOLDER
    _await_ticks(ticks)
    run.send_signal(number)
    run.wait()
    _await_free(in_repository)
    assert _everything(in_repository) == before
    assert "unning" not in _dvc(environment, "exp", "show", "--csv")
    steer.words(in_repository, "train", "")
    _run(settings=SLEEP, target="train")
    assert _worktrees(in_repository) == 1
    assert len(saved.experiments(in_repository)) == 1


def test_without_a_commit_it_says_what_to_do(in_toy: Path) -> None:
    with pytest.raises(ValueError, match=r"commit the project first, or .*--keep"):
        _run(settings={"train": {"batch": 16}})
    assert "batch: 32" in (in_toy / "params.yaml").read_text()


def name_ref(root: Path) -> str:
    return saved.experiments(root)[0].sha


def _run(**parameters: Any) -> Any:
    from flows.pipeline import pipeline

    return pipeline(**parameters)


def _git(root: Path, *words: str) -> list[str]:
    done = subprocess.run(["git", "--no-optional-locks", *words], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def _dvc(environment: dict[str, str], *words: str) -> str:
    return subprocess.run(["dvc", *words], env=environment, capture_output=True, text=True, check=True).stdout


def _worktrees(root: Path) -> int:
    assert list((root / worktree.FOLDER).glob("*")) == []
    return len(_git(root, "worktree", "list"))


def _everything(root: Path) -> dict[str, str]:
    """Of each file that a person may look at, and of git's index and state, what is in it."""
    files = [file for file in root.rglob("*") if file.is_file() and not {".git", ".dvc", "__pycache__"} & {*file.parts}]
    own = [file for file in files if not file.is_relative_to(root / "data/.state")]
    own = [file for file in own if not file.is_relative_to(root / "data/runs")] + [root / ".git/index"]
    found = {str(file): hashlib.md5(file.read_bytes()).hexdigest() for file in own}
    return {
        **found,
        "status": "\n".join(_git(root, "status", "--porcelain")),
        "head": _git(root, "rev-parse", "HEAD")[0],
    }


def _await_ticks(folder: Path) -> None:
    from tests.support import fixtures as conftest

    conftest._await(lambda: bool(list(folder.glob("*/data/network/ticks"))), 120, "train did not start")


def _await_free(root: Path) -> None:
    from operations.process import lock
    from tests.support import fixtures as conftest

    conftest._await(lambda: lock.holder(root) is None, 60, "the lock is still held")
