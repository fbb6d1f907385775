import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows import deliver
from flows.deliver import Delivered

pytestmark = pytest.mark.usefixtures("api")


class Project:
    """A stand-in for `deliver`, and a drop folder. A file's text is what becomes of it."""

    def __init__(self, root: Path):
        self.root, self.incoming = root, root / "data/incoming"
        self.incoming.mkdir(parents=True)
        self.listed: list[str] = []

    def drop(self, name: str, text: str, complete: bool = True) -> None:
        (self.incoming / name).write_text(text)
        if complete:
            (self.incoming / f"{name}.complete").touch()

    def deliver(self, _root: Path, path: Path, _name: str | None = None) -> Delivered:
        text = path.read_text()
        if text == "bad":
            raise ValueError("no cells in it")
        if text == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        assert path.exists(), "nothing leaves the drop folder before it is listed"
        new = text not in self.listed
        self.listed.append(text)
        return Delivered(text, new, 3, {"ig": 3}, 0)

    def left(self) -> list[str]:
        return sorted(path.name for path in self.incoming.iterdir())

    def quarantined(self) -> dict[str, str]:
        folders = (self.root / "data/quarantine").glob("*")
        return {folder.name: (folder / "reason.txt").read_text().strip() for folder in folders}


@pytest.fixture
def project(in_toy: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(in_toy)
    monkeypatch.setattr(deliver, "deliver", project.deliver)
    return project


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Calls of the pipeline, which is left out."""
    from flows import watch

    calls: list[str] = []
    monkeypatch.setattr(watch, "pipeline", lambda: calls.append("pipeline"))
    return calls


def test_nothing_there(project: Project, runs: list[str]) -> None:
    assert _watch() == []
    assert runs == []


def test_complete_ones_are_taken_in_and_the_pipeline_runs_once(project: Project, runs: list[str]) -> None:
    project.drop("a.zip", "a")
    project.drop("b.zip", "b")
    project.drop("c.zip", "c", complete=False)
    assert _watch() == ["a", "b"]
    assert runs == ["pipeline"]
    assert project.left() == ["c.zip"]
    assert project.quarantined() == {}


def test_a_bad_one_is_put_aside_with_the_reason_and_stops_no_other(project: Project, runs: list[str]) -> None:
    project.drop("a.zip", "bad")
    project.drop("b.zip", "b")
    assert _watch() == ["b"]
    assert runs == ["pipeline"]
    assert project.quarantined() == {"a.zip-1": "no cells in it"}
    assert (project.root / "data/quarantine/a.zip-1/a.zip").read_text() == "bad"
    assert project.left() == []


def test_known_content_is_moved_away_and_runs_nothing(project: Project, runs: list[str]) -> None:
    project.listed.append("a")
    project.drop("again.zip", "a")
    assert _watch() == []
    assert runs == []
    assert project.left() == []
    assert "the same 3 pictures are here already" in project.quarantined()["again.zip-1"]


def test_a_full_disk_is_no_fault_of_the_delivery(project: Project, runs: list[str]) -> None:
    project.drop("a.zip", "full")
    with pytest.raises(OSError, match="No space left"):
        _watch()
    assert project.left() == ["a.zip", "a.zip.complete"]
    assert project.quarantined() == {}


def test_a_real_delivery_runs_the_real_pipeline(in_toy: Path) -> None:
    """With the pipeline as a subflow; the lock that both want is held once."""
    (in_toy / "data/incoming").mkdir()
    images, labels = np.zeros((2, 8, 8, 3), np.uint8), np.array([[0], [1]])
    np.savez(in_toy / "data/incoming/homework.npz", images=images, labels=labels)
    assert _watch(settle_seconds=0) == ["homework"]
    assert (in_toy / "data/embedded/homework/made.txt").exists()
    assert list((in_toy / "data/incoming").iterdir()) == []
    assert "homework" in (in_toy / "data/deliveries.yaml").read_text()


def _watch(**parameters: Any) -> Any:
    from flows.watch import watch

    return watch(**parameters)
