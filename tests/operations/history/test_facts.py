import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from operations.history import facts, provenance
from operations.history.provenance import recording
from operations.pipeline.plan import Record
from tests.support import recorded
from tests.support.recorded import COMMIT, shell


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with deliveries, settings and a lock."""
    return recorded.project(tmp_path)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param([], [], id="clean"),
        pytest.param(["echo y > kept"], ["kept"], id="an edit"),
        pytest.param(["echo y > kept; git add kept"], ["kept"], id="an edit that is staged"),
        pytest.param(["rm kept"], ["kept"], id="a file that was removed"),
        pytest.param(["echo y > 'a b'; mkdir c; echo y > c/d"], ["a b", "c/"], id="files that git does not know"),
        pytest.param(["git mv kept 'new name'"], ["kept", "new name"], id="a file that moved"),
        pytest.param(["echo y > ignored"], [], id="a file that git ignores"),
    ],
)
def test_git(tmp_path: Path, environment: dict[str, str], commands: list[str], expected: list[str]) -> None:
    made = ["git init -q", "echo x > kept; echo /ignored > .gitignore; git add .", COMMIT, *commands]
    shell(tmp_path, *made, env=environment)
    found = facts.git(tmp_path)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, text=True, capture_output=True).stdout.strip()
    assert found == {"commit": head, "clean": not expected, "changed": expected, "more": 0}


def test_git_in_a_conflict(tmp_path: Path, environment: dict[str, str]) -> None:
    one, other = "echo 1 > 'a b'; git add .", "git checkout -q -b other HEAD~1; echo 2 > 'a b'; git add ."
    shell(tmp_path, "git init -q; echo > x; git add .", COMMIT, one, COMMIT, other, COMMIT, env=environment)
    shell(tmp_path, "git -c user.name=a -c user.email=a@b merge -q @{-1} || true", env=environment)
    assert facts.git(tmp_path)["changed"] == ["a b"]


def test_of_many_edits_some_are_named(tmp_path: Path, environment: dict[str, str], monkeypatch: Any) -> None:
    shell(tmp_path, "git init -q; echo > x; git add .", COMMIT, "touch a b c", env=environment)
    monkeypatch.setattr(facts, "PATHS_KEPT", 2)
    found = facts.git(tmp_path)
    assert (found["changed"], found["more"], found["clean"]) == (["a", "b"], 1, False)


@pytest.mark.parametrize(
    ("command", "path", "why"),
    [
        pytest.param("true", None, "not a git repository", id="no repository"),
        pytest.param("git init -q", None, "there is no commit yet", id="no commit"),
        pytest.param("true", "/nonexistent", "No such file or directory: 'git'", id="no git"),
    ],
)
def test_without_a_commit_the_reason_stands_in_its_place(
    project: Path, environment: dict[str, str], monkeypatch: Any, command: str, path: str | None, why: str
) -> None:
    shell(project, command, env=environment)
    if path:
        monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    with recording(project, "x") as recorder:
        pass
    git = json.loads(recorder.path.read_text())["git"]
    assert git["commit"] is git["clean"] is None
    assert why in git["why"]


@pytest.mark.parametrize("file", ["params.yaml", "data/deliveries.yaml", "data/raw/007.dvc", "dvc.lock"])
@pytest.mark.parametrize("text", ["[", "just words", "{outs: 3, stages: [], deliveries: 7}"])
def test_a_broken_file_fails_no_record(project: Path, file: str, text: str) -> None:
    (project / file).write_text(text)
    with recording(project, "x"):
        pass
    assert provenance.read(project)["outcome"] == "completed"


def test_what_a_training_says_is_merged_where_it_ran(project: Path) -> None:
    (project / "data/runs").mkdir()
    (project / "data/runs/train.json").write_text('{"hardware": {"xla": false}}')
    (project / "data/network").mkdir()
    (project / "data/network/model.json").write_text('{"digest": "abc"}')
    made = Record("data/network", "ee.dir")
    found = facts.of_stage(project, "train", made, "ran")
    output = {"output": {"path": "data/network", "md5": "ee.dir"}, "model": "abc"}
    assert found == {**output, "training": {"hardware": {"xla": False}}}
    assert facts.of_stage(project, "train", made, "restored") == output
    assert facts.of_stage(project, "split", Record("data/clean", "f"), "ran") == {
        "output": {"path": "data/clean", "md5": "f"}
    }
