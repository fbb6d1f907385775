"""A project with two champions, for tests to which DVC itself does not matter."""

import shutil
from pathlib import Path

import pytest

from operations.registry import champion_data
from tests.support import crowning
from tests.support.crowning import crown


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crowning.project(tmp_path_factory.mktemp("new") / "project")


@pytest.fixture
def fresh(new: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without a champion, and a stand-in for DVC."""
    monkeypatch.setattr(champion_data, "_dvc", crowning.stand_in)
    return Path(shutil.copytree(new, tmp_path / "fresh", symlinks=True))


@pytest.fixture
def root(fresh: Path) -> Path:
    """The same with two champions after one another."""
    crown(fresh, "one", "the first", who="Bo", expected=None)
    crown(fresh, "two", "better under corruption", expected="champion/1")
    return fresh
