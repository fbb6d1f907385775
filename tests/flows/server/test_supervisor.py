"""Programs that end on their own stand in for Prefect's server."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.server import server, supervisor
from flows.server.supervisor import Supervisor
from operations.process import groups

SECONDS = 20.0


class Starts:
    """Starts stand-ins, each after the next program of a list, and remembers when."""

    def __init__(self, root: Path, programs: list[str]):
        self.root, self.programs, self.times = root, programs, list[float]()

    def __call__(self) -> server.Server:
        program = self.programs[min(len(self.times), len(self.programs) - 1)]
        self.times.append(time.monotonic())
        with (self.root / "log").open("ab") as log:
            group = groups.Group([sys.executable, "-c", program], self.root, groups.environment(), log)
        return server.Server("http://stand-in", group, self.root / "log")


END, STAY = "pass", "import time; time.sleep(60)"


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "healthy", lambda _api: True)


def test_one_that_ends_is_started_again_until_the_block_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = Starts(tmp_path, [END, END, STAY])
    kept = Supervisor(starts, pauses=(0.0, 0.3, 0.0))
    back = []
    with kept.supervising(lambda: back.append(1)):
        until(lambda: len(starts.times) == 3 and kept.server.group.poll() is None)
        until(lambda: len(back) == 2)
    assert starts.times[2] - starts.times[1] >= 0.3, "the second pause"
    kept.server.group.release()
    kept.server.group.wait()
    time.sleep(0.2)
    assert len(starts.times) == 3
    kept.end()
    assert not kept.failed
    assert capsys.readouterr().err.count("ended by itself") == 2


def test_one_that_ends_too_often_is_given_up(tmp_path: Path) -> None:
    starts = Starts(tmp_path, [END])
    kept = Supervisor(starts, pauses=(0.0, 0.0))
    with pytest.raises(KeyboardInterrupt), kept.supervising(lambda: None):
        threading.Event().wait(SECONDS)
    assert kept.failed
    assert len(starts.times) == 3
    kept.end()


def test_ends_long_ago_do_not_count(tmp_path: Path) -> None:
    starts = Starts(tmp_path, [END, END, END, END, STAY])
    kept = Supervisor(starts, pauses=(0.0, 0.0), within=0.0)
    with kept.supervising(lambda: None):
        until(lambda: len(starts.times) == 5)
    kept.end()
    assert not kept.failed


def test_one_that_starts_and_ends_before_it_answers_does_not_count_as_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "healthy", lambda _api: False)
    starts = Starts(tmp_path, [END])
    kept = Supervisor(starts, pauses=(0.0,))
    back: list[int] = []
    with pytest.raises(KeyboardInterrupt), kept.supervising(lambda: back.append(1)):
        threading.Event().wait(SECONDS)
    assert back == []
    kept.end()


def test_an_end_in_a_pause_starts_nothing(tmp_path: Path) -> None:
    starts = Starts(tmp_path, [END])
    kept = Supervisor(starts, pauses=(0.5,))
    with kept.supervising(lambda: None):
        kept.server.group.wait()
    kept.end()
    time.sleep(0.7)
    assert len(starts.times) == 1


def test_the_pauses_outlast_a_database_that_is_away_for_a_minute() -> None:
    assert sum(supervisor.PAUSES) >= 90
    assert max(supervisor.PAUSES) <= 20, "or the server stays away long after it is there again"
