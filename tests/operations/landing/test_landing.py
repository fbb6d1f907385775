"""What becomes of an entry of the drop folder."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from flows import events
from operations.deliveries import add_remove, waiting
from operations.landing import landing, landing_zone
from operations.landing.landing import Outcome
from operations.project import listing

PNG = b"\x89PNG\r\n\x1a\n"


def test_numbered_where_other_content_has_the_name(project: Any) -> None:
    for number in range(3):
        project.drop("smears", {"ig/a.png": PNG + bytes([number])})
        project.look()
    assert project.listed() == ["demo", "smears", "smears-2", "smears-3"]
    assert project.content(project.root / "data/raw/smears-3") == {"ig/a.png": PNG + b"\2"}
    assert project.reasons() == {}
    assert project.emitted() == ["smears", "smears-2", "smears-3"]


def test_a_number_fits_into_the_length_of_names(project: Any) -> None:
    for number in range(2):
        project.drop("x" * 120, {"ig/a.png": PNG + bytes([number])})
        project.look()
    assert project.listed() == ["demo", "x" * 100, "x" * 98 + "-2"]


def test_known_content_is_kept_aside_once_however_often_it_comes(project: Any) -> None:
    for name in ("smears", "again", "and-again"):
        project.drop(name, project.GOOD)
        project.look()
    assert project.listed() == ["demo", "smears"]
    assert project.reasons() == {"again-1": "nothing to do: the same 2 images are here already, as 'smears'"}
    assert project.content(project.root / "data/incoming/quarantine/again-1/again") == project.GOOD
    facts = json.loads((project.root / "data/incoming/quarantine/again-1/reason.json").read_text())
    assert (facts["entry"], facts["outcome"]) == ("and-again", "Known")
    assert project.in_incoming() == []
    assert project.emitted() == ["smears"]


def test_what_was_mended_in_the_quarantine_is_not_taken_for_its_twin(project: Any) -> None:
    for _ in range(2):
        project.drop("bad", {"blast/a.png": PNG})
        project.look()
        project.write(project.root / "data/incoming/quarantine/bad-1/bad", {"ig/a.png": PNG})
    assert sorted(project.reasons()) == ["bad-1", "bad-2"]


def test_a_mark_inside_a_folder_of_the_delivery_is_no_mark(project: Any) -> None:
    project.drop("batch", {"batch/ig/a.png": PNG, "batch/.complete": b"", "batch/ig/.complete": b""})
    assert project.look(settle_seconds=60) == []
    assert [each.outcome for each in project.look()] == [Outcome.ACCEPTED]


def test_the_mark_inside_is_no_image(project: Any) -> None:
    project.drop("batch", {**project.GOOD, ".complete": b""})
    [landed] = project.look(settle_seconds=60)
    assert landed.delivered is not None
    assert landed.delivered.images == 2


@pytest.mark.parametrize("fault", ["disk full", "list"])
def test_what_is_no_fault_of_the_entry_leaves_it_there(
    project: Any, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    entry = project.drop("batch", project.GOOD, marked=True)
    listed = (project.root / listing.FILE).read_bytes()
    with monkeypatch.context() as patch:
        if fault == "disk full":
            patch.setattr(add_remove, "take_in", full)
        else:
            (project.root / listing.FILE).write_text("- no list")
        with pytest.raises((OSError, ValueError), match="No space|expected the keys"):
            project.look()
    (project.root / listing.FILE).write_bytes(listed)
    assert project.content(entry) == project.GOOD
    assert project.in_incoming() == ["batch", "batch.complete"]
    assert project.reasons() == {}
    assert [each.outcome for each in project.look()] == [Outcome.ACCEPTED]
    assert project.listed() == ["demo", "batch"]


def _during(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, act: Callable[[], Any]) -> None:
    """Have somebody act while a landing is at a function, before it."""
    original = getattr(owner, name)

    def acted(*arguments: Any) -> Any:
        act()
        return original(*arguments)

    monkeypatch.setattr(owner, name, acted)


def test_one_that_changes_while_it_is_taken_in_is_for_the_next_look(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = project.drop("batch", project.GOOD)
    with monkeypatch.context() as patch:
        _during(patch, add_remove, "_check_free", lambda: project.write(entry, {"ig/c.png": PNG + b"3"}))
        assert [each.outcome for each in project.look()] == [Outcome.CHANGED]
    assert project.listed() == ["demo"]
    assert project.reasons() == {}
    assert [each.outcome for each in project.look()] == [Outcome.ACCEPTED]
    assert project.content(project.root / "data/raw/batch") == {**project.GOOD, "ig/c.png": PNG + b"3"}


def test_one_that_changes_after_it_is_accepted_is_not_deleted(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = project.drop("batch", project.GOOD)
    with monkeypatch.context() as patch:
        _during(patch, waiting, "put", lambda: project.write(entry, {"ig/c.png": PNG + b"3"}))
        project.look()
    assert project.in_incoming() == ["batch"]
    project.look()
    assert project.listed() == ["demo", "batch", "batch-2"]
    assert project.content(project.root / "data/raw/batch-2") == {**project.GOOD, "ig/c.png": PNG + b"3"}


@pytest.mark.parametrize(
    ("owner", "name"), [(add_remove, "take_in"), (landing_zone, "stamp")], ids=["copied", "looked at"]
)
def test_one_that_goes_away_while_it_is_looked_at(
    project: Any, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    entry = project.drop("batch", project.GOOD)
    _during(monkeypatch, owner, name, lambda: shutil.rmtree(entry, ignore_errors=True))
    assert [each.outcome for each in project.look()] == [Outcome.GONE]
    assert project.reasons() == {}
    assert project.listed() == ["demo"]


def test_one_that_arrives_meanwhile_is_taken_in_the_same_look(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.drop("a", project.GOOD)
    arrivals = iter([lambda: project.drop("b", {"ig/b.png": PNG + b"b"})])
    _during(monkeypatch, add_remove, "take_in", lambda: next(arrivals, lambda: None)())
    project.look()
    assert project.listed() == ["demo", "a", "b"]


def test_two_watchers_at_once(project: Any) -> None:
    """Each entry lands once: the second looks when the first has done."""
    for number in range(4):
        project.drop(f"batch-{number}", {"ig/a.png": PNG + bytes([number])})
    children = []
    for _ in range(2):
        children.append(os.fork())
        if not children[-1]:
            project.look()
            os._exit(0)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert sorted(project.listed()) == ["batch-0", "batch-1", "batch-2", "batch-3", "demo"]
    assert project.in_incoming() == []
    assert project.reasons() == {}


def test_an_event_that_could_not_be_sent_is_sent_later(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_delivered: Any) -> None:
        raise OSError("the server is away")

    project.drop("batch", project.GOOD)
    with monkeypatch.context() as patch:
        patch.setattr(events, "accepted", away)
        with pytest.raises(OSError, match="away"):
            project.look()
    assert (project.emitted(), project.in_incoming()) == ([], [])
    assert landing.is_due(project.root, [project.incoming], 0)
    project.look()
    assert project.emitted() == ["batch"]
    assert not landing.is_due(project.root, [project.incoming], 0)
