"""Promotions and rollbacks that are killed: at each step at which they touch a file or start a program."""

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil
import pytest

from operations.git import repository
from operations.registry import champion, champion_data, switch
from operations.registry.champion import current, recover
from tests.support import crowning
from tests.support.crowning import contents, crown, git
from tests.support.killed_act import killed

EVERY = 400
"""More steps than there are."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for DVC."""
    monkeypatch.setattr(champion_data, "_dvc", crowning.stand_in)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with edits that are nobody's business, staged and not."""
    root = crowning.project(tmp_path_factory.mktemp("bare") / "project")
    (root / "data/deliveries.yaml").write_text("deliveries: [edited]\n")
    (root / "params.yaml").write_text("words: staged\n")
    git(root, "add", "params.yaml")
    return root


@pytest.fixture(scope="module")
def reigned(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with two champions after one another."""
    root = Path(shutil.copytree(bare, tmp_path_factory.mktemp("reigned") / "project", symlinks=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(champion_data, "_dvc", crowning.stand_in)
        crown(root, "one")
        crown(root, "two")
    return root


WORDS = {"champion/1": b"one", "champion/2": b"two", "champion/3": b"three"}


def check(root: Path, before: list[str], after: list[str]) -> str:
    """All agree on one champion, the one before or the one after; which."""
    now = current(root)
    subjects = git(root, "log", "--format=%s").splitlines()
    assert subjects in (before, after)
    assert now is None or now.tag in subjects[0]
    assert whole(root) == (now.tag if now else None)
    tags = sorted({subject.split()[1].rstrip(":") for subject in subjects if subject.startswith("Promote")})
    assert git(root, "tag").split() == tags
    assert all(git(root, "log", "-1", "--format=%s", tag).startswith(f"Promote {tag}: ") for tag in tags)
    status = crowning.run(root, "git", "status", "--porcelain").splitlines()
    assert status == [" M data/deliveries.yaml", "M  params.yaml"]
    left = {path.name for path in (root / "data").iterdir()} | {path.name for path in (root / ".git").glob("*index*")}
    assert not left & {"champion.next", "index.lock", "hemaflow-index"}
    assert {name for name in left if name.startswith(".")} <= {".gitignore", ".state"}
    return "after" if subjects == after else "before"


def whole(root: Path) -> str | None:
    """Whom a reader finds, with all that belongs to it."""
    now = current(root)
    if now is None:
        return None
    files = contents(root / now.folder)
    assert sorted(files) == crowning.TO_BE
    assert json.loads(files["champion.json"])["tag"] == now.tag
    assert files["model.weights.h5"].split()[0] == WORDS[now.tag]
    return now.tag


FIRST, ONE, TWO = "First", "Promote champion/1: better", "Promote champion/2: better"
CASES = {
    "the first": ("bare", [FIRST], ["Promote champion/1: why", FIRST]),
    "another": ("reigned", [TWO, ONE, FIRST], ["Promote champion/3: why", TWO, ONE, FIRST]),
    "back": ("reigned", [TWO, ONE, FIRST], ["Roll back to champion/1 from champion/2: why", TWO, ONE, FIRST]),
}


def begin(root: Path, case: str) -> Callable[[], object]:
    """What is to be killed."""
    if case == "back":
        return lambda: champion.rollback(root, None, "why", "Ada")
    word = "one" if case == "the first" else "three"
    crowning.train(root, word)
    candidate = champion.assemble(root, {}, crowning.record(root, word))
    return lambda: champion.promote(root, candidate, "why", "Ada")


def try_points(request: pytest.FixtureRequest, case: str, folder: Path, points: Iterable[int]) -> list[str]:
    """Kill at each of these steps, recover, look; what it came to each time."""
    name, before, after = CASES[case]
    made, outcomes = request.getfixturevalue(name), []
    for number in points:
        root = Path(shutil.copytree(made, folder / f"{number}", symlinks=True))
        killed(root, begin(root, case), number)
        assert name == "bare" or whole(root)
        recover(root)
        outcomes.append(check(root, before, after))
        assert recover(root) is None
        shutil.rmtree(root)
    return outcomes


def steps_of(request: pytest.FixtureRequest, case: str, folder: Path) -> int:
    """How many steps it has when nobody kills it."""
    root = Path(shutil.copytree(request.getfixturevalue(CASES[case][0]), folder / "whole", symlinks=True))
    number = killed(root, begin(root, case), EVERY)
    assert number > 40
    return number


@pytest.mark.parametrize("case", CASES)
def test_killed_at_some_steps(request: pytest.FixtureRequest, quick: None, case: str, tmp_path: Path) -> None:
    number = steps_of(request, case, tmp_path)
    outcomes = try_points(request, case, tmp_path, [number * k // 6 for k in range(1, 6)])
    assert outcomes == sorted(outcomes, reverse=True), "what was the case before does not come back"
    assert set(outcomes) == {"before", "after"}


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_killed_at_every_step(request: pytest.FixtureRequest, quick: None, case: str, tmp_path: Path) -> None:
    number = steps_of(request, case, tmp_path)
    outcomes = try_points(request, case, tmp_path, range(1, number + 2))
    assert len(outcomes) == number + 1
    assert outcomes == sorted(outcomes, reverse=True)
    assert set(outcomes) == {"before", "after"}


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_killed_again_while_it_is_mended(
    request: pytest.FixtureRequest, quick: None, case: str, tmp_path: Path
) -> None:
    name, before, after = CASES[case]
    number = steps_of(request, case, tmp_path)
    for first in range(number // 2, number + 1, 3):
        root = Path(shutil.copytree(request.getfixturevalue(name), tmp_path / f"{first}", symlinks=True))
        killed(root, begin(root, case), first)
        for second in (1, 4, 9, 16, 25):
            killed(root, lambda root=root: recover(root), second)
        recover(root)
        check(root, before, after)


def test_the_next_promotion_finishes_what_was_begun(
    request: pytest.FixtureRequest, quick: None, reigned: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(reigned, tmp_path / "project", symlinks=True))
    act = begin(root, "another")
    number = 1
    while switch.is_recorded(root):
        killed(root, act, number := number + 1)
    assert champion.describe(root).endswith("git has no commit of it yet: the next `promote` or `rollback` makes it")
    with pytest.raises(ValueError, match="against champion/2, and the champion is champion/3 by now"):
        champion.promote(root, next((root / "data/.state/candidates").iterdir()), "again", expected="champion/2")
    check(root, *CASES["another"][1:])
    assert champion.rollback(root, None, "why").tag == "champion/2"


def test_killed_while_dvc_works_and_after_it(request: pytest.FixtureRequest, tmp_path: Path, bare: Path) -> None:
    """DVC itself: it goes on when who called it is dead, and holds the project's lock until it ends."""
    root = Path(shutil.copytree(bare, tmp_path / "project", symlinks=True))
    act = begin(root, "the first")
    child = os.fork()
    if child == 0:
        act()
        os._exit(0)
    while not (root / champion_data.PLACE / "champion.json").exists() or not _dvc_in(root):
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert _dvc_in(root)
    recover(root)
    assert not _dvc_in(root)
    assert check(root, *CASES["the first"][1:]) == "before"
    number = 1
    while switch.is_recorded(root):
        killed(root, act, number := number + 1)
    assert recover(root) == "champion/1"
    assert check(root, *CASES["the first"][1:]) == "after"


def _dvc_in(root: Path) -> bool:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(root) and "dvc" in process.cmdline():
                return True
    return False


def test_an_error_after_the_commit_leaves_the_rest_to_the_next_call(
    quick: None, reigned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(shutil.copytree(reigned, tmp_path / "project", symlinks=True))

    def full(*arguments: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(repository, "tag", full)
        with pytest.raises(OSError, match="no space left"):
            begin(root, "another")()
    assert whole(root) == "champion/3"
    crowning.run(root, "git", "commit", "-q", "--allow-empty", "-m", "By a person", "--only")
    assert recover(root) == "champion/3"
    assert git(root, "log", "-1", "--format=%s", "champion/3") == "Promote champion/3: why"
    git(root, "reset", "-q", "--soft", "HEAD^")
    assert check(root, *CASES["another"][1:]) == "after"


@pytest.mark.parametrize("case", CASES)
def test_a_commit_that_fails_changes_nothing(
    request: pytest.FixtureRequest, quick: None, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, before, after = CASES[case]
    root = Path(shutil.copytree(request.getfixturevalue(name), tmp_path / "project", symlinks=True))

    def refused(*arguments: object) -> None:
        raise OSError("another git has had the index")

    monkeypatch.setattr(repository, "commit", refused)
    with pytest.raises(OSError, match="another git has had the index"):
        begin(root, case)()
    assert check(root, before, after) == "before"


def test_an_interrupt_after_the_commit_leaves_the_rest_to_the_next_call(
    quick: None, reigned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(shutil.copytree(reigned, tmp_path / "project", symlinks=True))
    commit = repository.commit

    def interrupted(*arguments) -> str:
        commit(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(repository, "commit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            begin(root, "another")()
    assert recover(root) == "champion/3"
    assert check(root, *CASES["another"][1:]) == "after"
