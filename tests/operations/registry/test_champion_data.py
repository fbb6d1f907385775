"""An earlier champion's folder: as it is here, or from DVC's cache, or from the remote."""

import shutil
from pathlib import Path

import pytest

from operations.registry import champion, champion_data, champion_record
from operations.registry.champion import POINTER, current, rollback
from operations.storage import remote
from tests.support import crowning
from tests.support.crowning import agree, contents, crown, git


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two champions after one another, by DVC itself."""
    root = crowning.project(tmp_path_factory.mktemp("made") / "project")
    crown(root, "one")
    crown(root, "two")
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """The same, of one's own."""
    return Path(shutil.copytree(made, tmp_path / "project", symlinks=True))


def test_an_earlier_champion_whose_content_is_lost(root: Path) -> None:
    for folder in (root / ".dvc/cache", *(root / "data/champions").glob("1-*")):
        shutil.rmtree(folder)
    before = contents(root / "data"), git(root, "rev-parse", "HEAD")
    with pytest.raises(OSError, match="champion/1 is not in DVC's cache, and there is no remote to get it from"):
        rollback(root, None, "why")
    assert (contents(root / "data"), git(root, "rev-parse", "HEAD")) == before
    agree(root, "champion/2")


def test_an_earlier_champion_comes_from_the_remote(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(champion.__file__).parents[2]))
    (root / ".dvc/config").write_text(
        f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = {tmp_path}/storage\n"
    )
    (tmp_path / "storage").mkdir()
    git(root, "commit", "-qam", "Remote")
    remote.push(root, champions=True)
    for folder in (".dvc/cache", "data/champions"):
        shutil.rmtree(root / folder)
    rollback(root, None, "why")
    agree(root, "champion/1")
    assert (root / current(root).folder / "model.weights.h5").read_bytes() == b"one model.weights.h5"


def test_an_earlier_champion_that_the_remote_has_lost(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*arguments: object) -> str:
        raise OSError("it is gone")

    shutil.rmtree(root / champion_record.parsed(git(root, "show", f"champion/1:{POINTER}")).folder)
    monkeypatch.setattr(champion_data, "_dvc", lost)
    monkeypatch.setattr(remote, "configured", lambda root: "s3://smears/store")
    monkeypatch.setattr(remote, "pull", lost)
    with pytest.raises(
        OSError, match="champion/1 is neither in DVC's cache nor in the remote s3://smears/store: it is"
    ):
        rollback(root, None, "why")
    agree(root, "champion/2")


def damaged(folder: Path) -> None:
    (folder / "model.weights.h5").unlink()
    (folder / "model.weights.h5").write_bytes(b"one model.weights.h6")


def cut_short(folder: Path) -> None:
    shutil.rmtree(folder / "evaluation")


@pytest.mark.parametrize("spoil", [damaged, cut_short, shutil.rmtree])
def test_an_earlier_champion_that_is_not_here_whole_comes_from_the_cache(root: Path, spoil) -> None:
    spoil(root / champion_record.parsed(git(root, "show", f"champion/1:{POINTER}")).folder)
    rollback(root, None, "why")
    agree(root, "champion/1")
    assert (root / current(root).folder / "model.weights.h5").read_bytes() == b"one model.weights.h5"
