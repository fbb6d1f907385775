"""The outbox; that an event arrives at a real server is in test_watch.py."""

from pathlib import Path

import pytest

from flows import events
from operations.deliveries.add_remove import Added
from operations.landing import outbox
from operations.project import listing

BATCH = Added("batch", True, 3, {"ig": 2, "": 1}, 1)


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Added]:
    sent: list[Added] = []
    monkeypatch.setattr(events, "accepted", sent.append)
    monkeypatch.setattr(listing, "names", lambda _root: ["batch", "x.json"])
    return sent


def test_what_is_noted_is_sent_once(tmp_path: Path, sent: list[Added]) -> None:
    outbox.note(tmp_path, BATCH)
    outbox.note(tmp_path, Added("x.json", True, 1, {}, 0))
    assert outbox.noted(tmp_path) == ["batch", "x.json"]
    assert list(events.send(tmp_path)) == sent == [BATCH, Added("x.json", True, 1, {}, 0)]
    assert list(events.send(tmp_path)) == []
    assert len(sent) == 2


def test_what_was_never_listed_is_dropped(tmp_path: Path, sent: list[Added]) -> None:
    outbox.note(tmp_path, Added("undone", True, 3, {}, 0))
    assert list(events.send(tmp_path)) == sent == []
    assert outbox.noted(tmp_path) == []


def test_an_error_leaves_what_was_not_sent(tmp_path: Path, sent: list[Added], monkeypatch) -> None:
    def away(_delivered: Added) -> None:
        raise OSError("away")

    outbox.note(tmp_path, BATCH)
    monkeypatch.setattr(events, "accepted", away)
    with pytest.raises(OSError, match="away"):
        list(events.send(tmp_path))
    assert outbox.noted(tmp_path) == ["batch"]


def test_which_entry_it_was_made_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outbox.note(tmp_path, BATCH, Path("in/batch.zip"))
    assert outbox.is_noted(tmp_path, "batch", tmp_path / "in/batch.zip")
    assert not outbox.is_noted(tmp_path, "batch", tmp_path / "in/batch")
    assert not outbox.is_noted(tmp_path, "other", tmp_path / "in/batch.zip")


def test_a_server_that_is_away_is_an_os_error() -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.server import server

    with (
        temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{server.free_port()}/api"}),
        pytest.raises(OSError, match="did not take the event of 'batch'"),
    ):
        events.accepted(BATCH)
