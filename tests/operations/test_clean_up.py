"""Old outputs go, and what the workspace and the champions need stays."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from operations import clean_up as module
from operations.clean_up import clean_up
from operations.git import repository
from operations.project import listing
from operations.registry.champion_record import current
from operations.storage import remote
from tests.support import crowning, recording
from tests.support.fixtures import Steer

IDENTITY = {f"GIT_{role}_{what}": "t@t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
TAGS = ["champion/1", "champion/2", "champion/3"]


def run(root: Path, *words: str) -> str:
    return subprocess.run(words, cwd=root, check=True, capture_output=True, text=True).stdout


def promote(root: Path, number: int) -> None:
    """A champion as a promotion leaves it, by hand."""
    replaced = f"champion/{number - 1}" if number > 1 else None
    crowning.versioned(root, f"champion/{number}", f"model {number}", replaced)
    run(root, "git", "add", "-A")
    run(root, "git", "commit", "-qm", f"Champion {number}")
    run(root, "git", "tag", "-a", "-m", "promoted", f"champion/{number}")


def anew(root: Path, number: int) -> None:
    """Another output of the last stage, which costs the least."""
    Steer.words(root, "model_report", f"number {number}")
    run(root, "dvc", "repro", "-q", "--single-item", "model_report")


@pytest.fixture(scope="module")
def made(made_toy: Path, tmp_path_factory, environment) -> Path:
    """The toy with three champions, each with other outputs, then outputs that a plain tag has, and others after it."""
    root = Path(shutil.copytree(made_toy, tmp_path_factory.mktemp("made") / "project", symlinks=True))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment, **IDENTITY}.items():
            patch.setenv(name, value)
        for number in (1, 2, 3):
            promote(root, number)
            anew(root, number)
        run(root, "git", "commit", "-qam", "In vain")
        run(root, "git", "tag", "vain")
        for number in (4, 5):
            anew(root, number)
            run(root, "git", "commit", "-qam", "Better")
    return root


@pytest.fixture
def project(made: Path, tmp_path: Path, environment, monkeypatch) -> Path:
    for name, value in {**environment, **IDENTITY}.items():
        monkeypatch.setenv(name, value)
    return Path(shutil.copytree(made, tmp_path / "project", symlinks=True))


def objects(root: Path) -> set[str]:
    files = root / ".dvc/cache/files/md5"
    return {str(file.relative_to(files)) for file in files.rglob("*") if file.is_file()}


def notes(root: Path) -> int:
    return sum(file.is_file() for file in (root / ".dvc/cache/runs").rglob("*"))


def checkout(root: Path) -> None:
    """What the commit names; all of it would include the studies, no cell of which ran, which DVC takes for lost."""
    run(root, "dvc", "checkout", "-q", "--with-deps", "dvc.yaml", "data/champion.dvc")


def data(root: Path) -> dict[str, bytes]:
    files = [file for file in (root / "data").rglob("*") if file.is_file() and ".state" not in file.parts]
    return {str(file.relative_to(root)): file.read_bytes() for file in files}


def test_old_outputs_go_and_every_champion_stays_with_all_of_its_commit(project: Path):
    before, known = objects(project), notes(project)
    (project / "data/raw/late").mkdir()
    (project / "data/raw/late/0").write_text("a delivery that nobody committed")
    run(project, "dvc", "add", "-q", "data/raw/late")
    recording.nothing(project / "data/deliveries/late.yaml")
    listing.append(project, "late")
    files = data(project)
    told = clean_up(project, dry=True)
    assert told.startswith("would free 0.0 MB: ")
    assert told.endswith("notes of runs. Kept: the workspace, HEAD and champion/1, champion/2, champion/3")
    assert before < objects(project)
    assert notes(project) == known
    assert clean_up(project) == told.replace("would free", "freed")
    gone = before - objects(project)  # the page, which is the card too, of the plain tag and of one after it
    assert len(gone) == int(told.split("MB: ")[1].split()[0]) == 2
    assert 0 < notes(project) < known
    assert clean_up(project).startswith("freed 0.0 MB: nothing. Kept: ")
    assert data(project) == files
    run(project, "dvc", "checkout", "data/raw/late.dvc")
    run(project, "git", "checkout", "-q", "data/deliveries.yaml")
    assert "Data and pipelines are up to date" in run(project, "dvc", "status", "dvc.yaml")
    run(project, "git", "stash", "-q", "--include-untracked")
    checkout(project)  # HEAD
    for tag in TAGS:
        run(project, "git", "checkout", "-q", tag)
        checkout(project)
        now = current(project)
        assert now is not None
        assert (project / now.folder / "model.json").read_text() == f"model {tag[-1]}"
    assert "Data and pipelines are up to date" in run(project, "dvc", "status", "dvc.yaml")
    run(project, "git", "checkout", "-q", "vain")
    with pytest.raises(subprocess.CalledProcessError):
        checkout(project)


def without_tags(root: Path) -> None:
    run(root, "git", "tag", "-d", "champion/3")


def shallow(root: Path) -> None:
    run(root.parent, "git", "clone", "-q", "--depth", "1", root.as_uri(), "shallow")
    (root.parent / "shallow/.git/shallow").rename(root / ".git/shallow")


def champion_elsewhere(root: Path) -> None:
    run(root, "git", "tag", "champion/4", run(root, "git", "rev-list", "--max-parents=0", "HEAD").strip())
    run(root, "git", "tag", "-f", "champion/1", "champion/4")
    run(root, "git", "rm", "-q", "--cached", "data/champion.dvc")
    run(root, "git", "commit", "-qm", "Without")
    run(root, "git", "tag", "champion/5")


def broken(root: Path) -> None:
    (root / "dvc.yaml").write_text("stages: [")
    run(root, "git", "add", "-A")
    run(root, "git", "commit", "-qm", "Broken")
    run(root, "git", "tag", "champion/4")
    run(root, "git", "checkout", "-q", "HEAD~1", "dvc.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_tags, "git has no tag champion/3, which data/champion.dvc names: `git fetch --tags` first"),
        (shallow, "this clone is shallow, so champions may be missing"),
        (champion_elsewhere, "data/champion.dvc is not in the commit of champion/5, so it cannot be told"),
        (broken, "dvc: "),
    ],
)
def test_nothing_goes_where_champions_cannot_be_told(project: Path, change, message):
    change(project)
    before = objects(project)
    with pytest.raises(ValueError, match=message):
        clean_up(project)
    assert objects(project) == before


def test_without_a_champion_or_a_commit_the_workspace_stays(toy: Path, environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    anew(toy, 1)
    anew(toy, 2)
    before = objects(toy)
    assert clean_up(toy).endswith("Kept: the workspace, HEAD and no champion, since there is none")
    assert len(before - objects(toy)) == 2  # a page each
    assert "up to date" in run(toy, "dvc", "status", "dvc.yaml")


def aged(path: Path, days: float) -> None:
    for each in (*path.rglob("*"), path):
        os.utime(each, (time.time() - days * 86400,) * 2)


def test_forgotten_states_go_and_young_ones_stay(project: Path, monkeypatch):
    monkeypatch.setattr(module, "LOG_BYTES", 1000)
    state = project / "data/.state"
    for name, days in {
        "candidates/old": 15,
        "candidates/new": 13,
        "train-01": 15,
        "study-02": 15,
        "train-03": 1,
    }.items():
        (state / name / "finetune").mkdir(parents=True)
        (state / name / "finetune/state.json").write_text("x" * 500_000)
        aged(state / name, days)
    aged(state / "train-01/finetune", 15)
    (state / "prefect").mkdir()
    (state / "prefect/server.log").write_text("".join(f"line {k:04}\n" for k in range(200)))
    (project / "data/runs").mkdir()
    (project / "data/runs/1.json").write_text("{}")
    aged(project / "data/runs", 999)
    told = clean_up(project, dry=True)
    assert "1 candidates, 2 unfinished trainings, 1 log of Prefect's server" in told
    assert told.startswith("would free 1.5 MB: ")
    assert len(list(state.glob("*-0*"))) == 3
    clean_up(project)
    left = sorted(str(path.relative_to(state)) for path in (*state.glob("candidates/*"), *state.glob("*-0*")))
    assert left == ["candidates/new", "train-03"]
    log = (state / "prefect/server.log").read_text().splitlines()
    assert (log[0], log[-1]) == ("line 0150", "line 0199") or (log[0], log[-1]) == ("line 0151", "line 0199")
    assert (project / "data/runs/1.json").exists()


@pytest.mark.long
def test_the_remote_is_left_alone_unless_it_is_asked_for_too(project: Path):
    store = project.parent / "store"
    run(project.parent, "git", "init", "-q", "--bare", "origin")
    run(project, "git", "remote", "add", "origin", str(project.parent / "origin"))
    run(project, "git", "push", "-q", "origin", "HEAD:main", "--tags")
    remote.add(project, "../store")
    anew(project, 8)
    remote.push(project)
    run(project, "git", "checkout", "-q", "params.yaml", "dvc.lock")
    checkout(project)
    whole = sorted(store.rglob("*"))
    clean_up(project)
    assert sorted(store.rglob("*")) == whole
    run(project.parent, "git", "clone", "-q", str(project.parent / "origin"), "other", "-b", "main")
    run(project.parent / "other", "git", "commit", "-q", "--allow-empty", "-m", "Later")
    run(project.parent / "other", "git", "push", "-q")
    with pytest.raises(ValueError, match="origin has refs/heads/main, which is not here and may need the remote"):
        clean_up(project, cloud=True)
    run(project, "git", "fetch", "-q")
    assert sorted(store.rglob("*")) == whole
    other = project.parent / "other"
    shutil.copy(project / ".dvc/config", other / ".dvc/config")
    with pytest.raises(OSError, match="Checkout failed"):  # of what nobody pushed before it was cleaned up
        remote.pull(other)
    told = clean_up(project, cloud=True)
    assert "objects of the remote" in told
    assert 0 < len(list(store.rglob("*"))) < len(whole)
    assert repository.tags(project, "champion/*") == TAGS
