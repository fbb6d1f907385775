"""A project in which all champions had the place data/champion, taken over by `hemaflow migrate`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from hemaflow.__main__ import app
from operations.git import repository
from operations.registry import champion, former_layout
from operations.registry.champion import POINTER, current, rollback
from operations.registry.champion_record import FORMER_FOLDER, FORMER_JOURNAL
from tests.support import crowning
from tests.support.crowning import agree, contents, crown, git


def former_text(root: Path, tag: str) -> str:
    """The pointer of that tag as the former layout had it."""
    document = yaml.safe_load(git(root, "show", f"{tag}:{POINTER}"))
    document["outs"][0]["path"] = "champion"
    return yaml.safe_dump(document, sort_keys=False)


def commit(root: Path, number: int, text: str) -> None:
    (root / POINTER).write_text(text)
    git(root, "add", "-f", str(POINTER))
    git(root, "commit", "-qm", f"Promote champion/{number}: better")
    git(root, "tag", "-f", "-a", "-m", "promoted", f"champion/{number}")


@pytest.fixture
def older(root: Path) -> Path:
    """The project with two champions, laid out as before, and without the line for git."""
    now, texts = current(root), [former_text(root, f"champion/{number}") for number in (1, 2)]
    git(root, "reset", "-q", "--hard", "HEAD~2")
    (root / ".gitignore").write_text("/data/.state/\n/data/runs/\n/data/champion/\n")
    git(root, "commit", "-qam", "Before")
    for number, text in enumerate(texts, 1):
        commit(root, number, text)
    assert now is not None
    (root / now.folder).rename(root / FORMER_FOLDER)
    shutil.rmtree(root / "data/champions")
    return root


def test_it_is_moved_and_all_goes_on(older: Path) -> None:
    before = contents(older / FORMER_FOLDER)
    said = former_layout.take_over(older)
    now = current(older)
    assert now is not None
    assert said == [".gitignore: /data/champions added", f"data/champion -> {now.folder}, committed"]
    assert (now.tag, contents(older / now.folder)) == ("champion/2", before)
    assert git(older, "log", "-1", "--format=%s", "--name-only").split("\n") == [
        f"Move champion/2 to {now.folder}", "", "data/champion.dvc",
    ]  # fmt: skip
    assert crowning.run(older, "git", "status", "--porcelain") == " M .gitignore\n"
    assert not (older / FORMER_FOLDER).exists()
    assert former_layout.take_over(older) == []
    assert rollback(older, None, "back").tag == "champion/1"
    agree(older, "champion/1")
    assert crown(older, "three").replaced == "champion/1"
    agree(older, "champion/3")
    assert [line[:13] for line in champion.history(older).splitlines()[1:]] == [
        "   champion/1", "   champion/2", "*  champion/3",
    ]  # fmt: skip


def test_without_its_files_the_pointer_is_moved(older: Path) -> None:
    shutil.rmtree(older / FORMER_FOLDER)
    former_layout.take_over(older)
    assert champion.describe(older).splitlines()[-1].endswith("is not here: `dvc pull data/champion.dvc` brings it")
    now = champion.present(older)
    assert now is not None
    assert sorted(contents(older / now.folder)) == crowning.TO_BE


def not_committed(root: Path) -> str:
    """Killed before the commit."""
    _next(root)
    return "champion/2"


def committed(root: Path) -> str:
    """Killed between the commit and the exchange of the folders, so without a tag."""
    text = _next(root)
    repository.commit(root, {str(POINTER): text.encode()}, "Promote champion/3: better under corruption\n\nwhy\n")
    return "champion/3"


def exchanged(root: Path) -> str:
    """Killed before the pointer was written."""
    tag = committed(root)
    (root / FORMER_FOLDER).rename(root / "former")
    (root / "data/champion.next/champion").rename(root / FORMER_FOLDER)
    (root / "former").rename(root / "data/champion.next/champion")
    return tag


def _next(root: Path) -> str:
    place = root / "data/champion.next/champion"
    shutil.copytree(root / FORMER_FOLDER, place)
    about = {**json.loads((place / "champion.json").read_text()), "tag": "champion/3"}
    (place / "champion.json").write_text(json.dumps(about))
    document = yaml.safe_load((root / POINTER).read_text())
    document["outs"][0]["md5"] = "3" * 32 + ".dir"
    (root / FORMER_JOURNAL).write_text("{}")
    return yaml.safe_dump({**document, "meta": about}, sort_keys=False)


@pytest.mark.parametrize("state", [not_committed, committed, exchanged])
def test_a_promotion_that_was_cut_short_counts_where_head_has_it(older: Path, state: Callable[[Path], str]) -> None:
    expected = state(older)
    former_layout.take_over(older)
    now = current(older)
    assert now is not None
    assert (now.tag, json.loads((older / now.folder / "champion.json").read_text())["tag"]) == (expected, expected)
    assert git(older, "tag").split() == [f"champion/{number}" for number in range(1, int(expected[-1]) + 1)]
    left = [FORMER_FOLDER, FORMER_JOURNAL, Path("data/champion.next"), Path("data/.state/former-champions")]
    assert not [path for path in left if (older / path).exists()]
    assert champion.recover(older) is None


@pytest.mark.parametrize("step", ["repository.commit", "shutil.rmtree"])
def test_interrupted_it_goes_on_when_called_again(older: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"operations.registry.former_layout.{step}", interrupted)
        with pytest.raises(KeyboardInterrupt):
            former_layout.take_over(older)
    former_layout.take_over(older)
    now = current(older)
    assert now is not None
    assert sorted(contents(older / now.folder)) == crowning.TO_BE
    assert git(older, "show", f"HEAD:{POINTER}") == (older / POINTER).read_text().strip()


@pytest.mark.parametrize("words", ["champion", "rollback --why back", "clean-up", "predict data", "lineage"])
def test_another_command_refuses_it_in_one_line(older: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.chdir(older)
    before = git(older, "rev-parse", "HEAD"), sorted((older / "data").iterdir())
    done = CliRunner().invoke(app, words.split())
    refused = "the champion lies as an older version had it: `hemaflow migrate` moves it to data/champions\n"
    if words.startswith("rollback"):
        refused = "git does not ignore data/champions, which DVC has: `hemaflow migrate` puts it in .gitignore\n"
    assert (done.exit_code, done.stderr) == (1, refused)
    assert (git(older, "rev-parse", "HEAD"), sorted((older / "data").iterdir())) == before
