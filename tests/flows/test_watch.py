import errno
import json
import os
import re
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows import events
from operations.deliveries import add_remove
from operations.deliveries.add_remove import Added, RefusedError
from operations.landing import folders, landing_zone, quarantine
from operations.project import listing

OURS = {folders.MARKER, landing_zone.QUARANTINE}
pytestmark = pytest.mark.usefixtures("api")


class Project:
    """A stand-in for `deliver.accept`, and a drop folder. A file's text is what becomes of it."""

    def __init__(self, root: Path):
        self.root, self.incoming = root, root / "data/incoming"
        self.incoming.mkdir(parents=True)
        self.listed: list[str] = []

    def drop(self, name: str, text: str, complete: bool = True) -> None:
        (self.incoming / name).write_text(text)
        if complete:
            (self.incoming / f"{name}.complete").touch()

    def accept(self, _root: Path, path: Path, _name: str, numbered: bool, before_accepting: Any) -> Added:
        assert numbered, "nobody is there to give another name"
        text = path.read_text()
        if text == "bad":
            raise RefusedError("no cells in it")
        if text == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        delivered = Added(text, text not in self.listed, 3, {"ig": 3}, 0)
        if delivered.new:
            before_accepting(delivered)
            assert path.exists(), "nothing leaves the drop folder before it is listed"
            self.listed.append(text)
        return delivered

    def left(self) -> list[str]:
        return sorted(path.name for path in self.incoming.iterdir() if path.name not in OURS)

    def quarantined(self) -> dict[str, str]:
        aside = (self.incoming / landing_zone.QUARANTINE).glob("*")
        return {folder.name: (folder / "reason.txt").read_text().strip() for folder in aside}


@pytest.fixture
def project(in_toy: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(in_toy)
    monkeypatch.setattr(add_remove, "accept", project.accept)
    monkeypatch.setattr(listing, "names", lambda _root: project.listed)
    return project


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Deliveries whose events were emitted, with nobody to take them."""
    names: list[str] = []
    monkeypatch.setattr(events, "accepted", lambda delivered: names.append(delivered.name))
    return names


def test_nothing_there(project: Project, emitted: list[str]) -> None:
    assert _watch() == []
    assert emitted == []


def test_complete_ones_are_taken_in_and_each_emits_its_event(project: Project, emitted: list[str]) -> None:
    project.drop("a.zip", "a")
    project.drop("b.zip", "b")
    project.drop("c.zip", "c", complete=False)
    assert _watch() == ["a", "b"]
    assert emitted == ["a", "b"]
    assert project.left() == ["c.zip"]
    assert project.quarantined() == {}


def test_a_bad_one_is_put_aside_with_the_reason_and_stops_no_other(project: Project, emitted: list[str]) -> None:
    project.drop("a.zip", "bad")
    project.drop("b.zip", "b")
    assert _watch() == ["b"]
    assert emitted == ["b"]
    assert project.quarantined() == {"a.zip-1": "no cells in it"}
    assert (project.root / "data/incoming/quarantine/a.zip-1/a.zip").read_text() == "bad"
    assert project.left() == []


def test_known_content_is_moved_away_and_emits_nothing(project: Project, emitted: list[str]) -> None:
    project.listed.append("a")
    project.drop("again.zip", "a")
    assert _watch() == []
    assert emitted == []
    assert project.left() == []
    assert "the same 3 images are here already" in project.quarantined()["again.zip-1"]


def test_a_full_disk_is_no_fault_of_the_delivery_and_stops_no_other(project: Project, emitted: list[str]) -> None:
    project.drop("a.zip", "full")
    project.drop("b.zip", "b")
    with pytest.raises(OSError, match="No space left"):
        _watch()
    assert project.left() == ["a.zip", "a.zip.complete"]
    assert project.quarantined() == {}
    assert emitted == ["b"]


def test_a_server_that_is_away_delays_the_event(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_delivered: Added) -> None:
        raise OSError("the server is away")

    project.drop("a.zip", "a")
    with monkeypatch.context() as patch:
        patch.setattr(events, "accepted", away)
        assert _watch() == ["a"]
    names: list[str] = []
    monkeypatch.setattr(events, "accepted", lambda delivered: names.append(delivered.name))
    assert (_watch(), _watch(), names) == ([], [], ["a"])


def test_a_stuck_one_fails_its_task_alone(
    project: Project, emitted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def put_aside(*_arguments: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(quarantine, "put_aside", put_aside)
    project.drop("a.zip", "bad")
    project.drop("b.zip", "b")
    assert _watch() == ["b"]
    assert project.left() == ["a.zip", "a.zip.complete"]


def test_a_real_delivery_and_a_real_event(in_toy: Path, prefect: Any) -> None:
    """The event as the server has it, with what an automation looks at; the pipeline is left alone."""
    (in_toy / "data/incoming").mkdir()
    images, labels = np.zeros((2, 8, 8, 3), np.uint8), np.array([[0], [1]])
    np.savez(in_toy / "data/incoming/homework.npz", images=images, labels=labels, classes=["ig", "platelet"])
    before = (in_toy / "dvc.lock").read_bytes()
    (in_toy / "data/incoming/homework.complete").touch()
    assert _watch() == ["homework"]
    assert [path.name for path in (in_toy / "data/incoming").iterdir()] == [folders.MARKER]
    assert "homework" in (in_toy / "data/deliveries.yaml").read_text()
    assert (in_toy / "dvc.lock").read_bytes() == before
    event = _await_event(prefect.api, "hemaflow.delivery.homework")
    assert event["event"] == "hemaflow.delivery.accepted"
    assert event["resource"]["prefect.resource.name"] == "homework"
    assert event["payload"] == {"name": "homework", "images": 2, "classes": {"ig": 1, "platelet": 1}}
    assert event["related"][0]["prefect.resource.id"].startswith("prefect.flow-run.")


def test_the_form_gives_no_folder_to_empty() -> None:
    """A run of the deployment takes no path: only params.yaml names folders."""
    from prefect.utilities.callables import parameter_schema

    from flows.watch import watch

    assert parameter_schema(watch).properties == {}


def test_a_folder_of_others_is_told_and_left_alone_and_stops_no_other(
    project: Project, emitted: list[str], tmp_path: Path
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (share / "thesis.docx").write_text("years of work")
    params = project.root / "params.yaml"
    text, count = re.subn(r"folders: \[data/incoming\]", f"folders: [data/incoming, {share}]", params.read_text())
    assert count == 1
    params.write_text(text)
    project.drop("a.zip", "a")
    with pytest.raises(ValueError, match=rf"{share} is not marked as a landing folder.*watch --set-up"):
        _watch()
    assert emitted == ["a"]
    assert [path.name for path in share.iterdir()] == ["thesis.docx"]
    assert _watch() == [], "told once an hour: a look comes each minute, and each failure goes to the webhook"
    os.utime(project.root / folders.ANNOUNCED, (0, 0))
    with pytest.raises(ValueError, match=f"{share} is not marked"):
        _watch()
    folders.set_up(project.root)
    (share / "bad.zip").write_text("bad")
    (share / "bad.zip.complete").touch()
    assert _watch() == []
    assert (share / "quarantine/bad.zip-1/bad.zip").read_text() == "bad"


def _await_event(api: str, resource: str) -> Any:
    body = json.dumps({"filter": {"resource": {"id": [resource]}}}).encode()
    for _ in range(100):
        request = urllib.request.Request(f"{api}/events/filter", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            found = json.load(answer)["events"]
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError("no event arrived")


def _watch() -> Any:
    from flows.watch import watch

    return watch()
