"""What is posted, and what a receiver cannot do to a run."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import notify
from flows.server import server, webhook
from tests.support.receiver import Received, receiving


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    monkeypatch.setattr(notify, "PAUSES", (0.0, 0.01, 0.01))
    monkeypatch.setattr(notify, "TIMEOUT", 0.5)
    monkeypatch.setattr(notify, "_silent_until", 0.0)
    with receiving() as got:
        monkeypatch.setenv(webhook.VARIABLE, got.url)
        yield got


def tell(message: str = "the model is worse", **more: Path) -> None:
    """And wait until it is told or given up."""
    told = notify.tell("refused", message, **more)
    if told:
        told.result(60)


def test_an_event_is_told_with_what_a_person_needs(receiver: Received) -> None:
    tell("two\nlines")
    (told,) = receiver
    assert told.pop("time").startswith("20")
    assert told == {
        "event": "refused", "message": "two lines", "run": None, "url": None, "explain": None,
        "type": "application/json",
    }  # fmt: skip


def test_without_a_url_nothing_is_told(receiver: Received, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(webhook.VARIABLE)
    tell()
    assert receiver == []


def test_a_bad_url_fails_no_run(receiver: Received, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    monkeypatch.setenv(webhook.VARIABLE, "ftp://host/s3cret")
    tell()
    assert "HEMAFLOW_WEBHOOK must be" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("statuses", "asked", "told"),
    [
        pytest.param([503, 500], 3, True, id="away for a moment"),
        pytest.param([503] * 9, 3, False, id="away"),
        pytest.param([404], 1, False, id="no such place"),
        pytest.param([429], 2, True, id="too many"),
        pytest.param([302], 1, False, id="a redirect"),
        pytest.param([307], 1, False, id="a redirect of the same method"),
    ],
)
def test_of_a_receiver_s_refusals(receiver: Received, caplog, statuses: list[int], asked: int, told: bool) -> None:
    receiver.statuses = [*statuses]
    tell()
    assert (receiver.asked, len(receiver)) == (asked, int(told))
    if not told:
        assert f"not told, for the receiver of HEMAFLOW_WEBHOOK answers {statuses[0]}" in caplog.text
        assert "the model is worse" in caplog.text
    assert "s3cret" not in caplog.text


def test_one_that_is_not_there_or_speaks_something_else(receiver: Received, monkeypatch, caplog) -> None:
    monkeypatch.setenv(webhook.VARIABLE, f"http://127.0.0.1:{server.free_port()}/s3cret")
    tell()
    assert "HEMAFLOW_WEBHOOK is not to be reached (ConnectionRefusedError)" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_slow_one_holds_nobody_up_and_is_then_left_alone(receiver: Received, caplog) -> None:
    receiver.seconds = 2.0
    began = time.monotonic()
    first = notify.tell("drift", "first", logging.getLogger("run"))
    assert time.monotonic() - began < 1
    assert first is not None
    first.result(60)
    assert "not to be reached (TimeoutError)" in caplog.text
    tell("second")
    assert "HEMAFLOW_WEBHOOK failed a moment ago" in caplog.text
    assert receiver.asked == 3


def test_what_stays_so_is_told_once_a_day_but_not_before_it_arrived(receiver: Received, tmp_path: Path) -> None:
    receiver.statuses = [404]
    tell(once=tmp_path)
    notify._silent_until = 0.0
    for message in ("the model is worse", "the model is worse", "another"):
        tell(message, once=tmp_path)
    assert [each["message"] for each in receiver] == ["the model is worse", "another"]
    assert not notify._is_news(tmp_path, "refused", "another")
