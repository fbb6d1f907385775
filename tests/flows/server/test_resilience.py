"""Prefect's server is gone for a while: the stage goes on, and the run reports again. Against a real server."""

import inspect
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flows.server import resilience, server
from operations.project.stages import SINGLE
from tests.support.served import FINAL, Served, serving, shared

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest) -> Served:
    return shared(request)


@pytest.fixture
def served_anew(toy: Path, environment: dict[str, str], prefect: Any) -> Iterator[Served]:
    """One of its own, for outages in which its server ends again and again, which is counted."""
    prefect.give_database(toy)
    with serving(toy, environment) as served:
        yield served


@contextmanager
def gone(served: Served, seconds: float) -> Iterator[None]:
    """Kill the server; `serve` cannot have it back for so long, since its database is not there."""
    told = served.output.count("is back at")
    process = served.server_process()
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    if seconds:
        with no_database(served.root):
            time.sleep(seconds)
            assert not server.healthy(served.api)
            assert served.output.count("started again in") > 1
    yield
    until = time.monotonic() + 150
    while served.output.count("is back at") == told:
        assert time.monotonic() < until, served.output
        time.sleep(0.2)


@contextmanager
def no_database(root: Path) -> Iterator[None]:
    """A folder stands in the place of SQLite's file."""
    home = root / server.STATE
    aside = home.with_name("aside")
    aside.mkdir()
    for file in home.glob("prefect.db*"):
        file.rename(aside / file.name)
    (home / "prefect.db").mkdir()
    yield
    (home / "prefect.db").rmdir()
    for file in aside.iterdir():
        file.rename(home / file.name)
    aside.rmdir()


def test_the_stage_goes_on_and_the_run_reports_again(served: Served) -> None:
    run = served.in_training("sleep 8 once")
    process = served.run_process()
    with gone(served, 0):
        pass
    assert process.is_running() or served.state(run) in FINAL
    assert_all_of_it_was_recorded(served, run, 8)


@pytest.mark.long
@pytest.mark.parametrize(
    "sleep", [pytest.param(90, id="in mid-stage"), pytest.param(15, id="while stages begin and end")]
)
def test_so_it_does_after_a_minute(served_anew: Served, sleep: int) -> None:
    run = served_anew.in_training(f"sleep {sleep} once")
    with gone(served_anew, 60):
        pass
    assert_all_of_it_was_recorded(served_anew, run, sleep)


def assert_all_of_it_was_recorded(served: Served, run: str, sleep: int) -> None:
    assert served.await_state(run, *FINAL, seconds=400) == "COMPLETED"
    assert served.tasks(run).keys() == {*SINGLE, "demo@demo", "ingest@demo", "embed@demo"}
    assert set(served.tasks(run).values()) == {"Completed", "Cached"}
    ticks = (served.root / "data/network/ticks").read_text().split()
    assert ticks == [str(tick) for tick in range(sleep * 10)], "one training, never ended"
    assert {name for name, taken in served.slots().items() if taken} == set(), "places that nobody gives back"
    states = served.call("flow_run_states/?flow_run_id=" + run)
    assert "CRASHED" not in [state["type"] for state in states], "taken for dead meanwhile"


@pytest.mark.long
def test_a_run_can_be_cancelled_after_it(served_anew: Served) -> None:
    """Prefect's runner gives up waiting for the server after 14 s, and would hear of no cancelled run any more."""
    run = served_anew.in_training("sleep 90 twice")
    with gone(served_anew, 20):
        pass
    served_anew.call(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    assert served_anew.await_state(run, *FINAL) == "CANCELLED"


class Scope:
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


def test_a_lease_that_is_lost_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.concurrency import _leases

    prefects = inspect.unwrap(_leases._handle_lease_renewal_failure)  # another test may have had it changed
    monkeypatch.setattr(_leases, prefects.__name__, prefects)  # and so it is set back
    resilience.go_on_without_lease()
    scope: Any = Scope()
    _leases._handle_lease_renewal_failure(OSError("gone"), uuid4(), True, False, scope)
    assert not scope.cancelled
    prefects(OSError("gone"), uuid4(), True, False, scope)
    assert scope.cancelled, "Prefect's own ends it"


def test_a_client_that_is_new_waits_for_the_server_too() -> None:
    """In a process of its own, since clients stay so."""
    code = """
import threading, http.server, time, sys
from flows.server import resilience, server
from prefect.client.base import PrefectHttpxSyncClient
port = server.free_port()

def serve_soon():
    time.sleep(1)
    http.server.HTTPServer((server.HOST, port), http.server.SimpleHTTPRequestHandler).handle_request()

resilience.outlast()
threading.Thread(target=serve_soon, daemon=True).start()
print(PrefectHttpxSyncClient().get(f"http://{server.HOST}:{port}/").status_code)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[3])
    assert done.stdout.strip() == "200", done.stderr


@pytest.mark.long
def test_a_server_that_cannot_be_had_back_ends_serve(
    toy: Path, environment: dict[str, str], prefect: Any, steer: Any
) -> None:
    prefect.give_database(toy)
    with serving(toy, environment) as served:
        served.in_training("sleep 200 long")
        served.server_process().send_signal(signal.SIGKILL)
        with no_database(toy):
            assert served.process.wait(timeout=400) == 1
        said = "Prefect's server ends again and again: see "
        assert said in served.output
        steer.await_no_process(toy)
