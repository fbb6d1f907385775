"""Prefect's server is gone for a while: the stage goes on, and the run reports again. Against a real server."""

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from flows.stages import STAGES
from tests.flows.served import FINAL, Served, shared

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest) -> Served:
    return shared(request)


@contextmanager
def gone(served: Served, seconds: float) -> Iterator[None]:
    """Kill the server; `serve` cannot have it back for so long, since somebody sits on its port."""
    told = served.output.count("is back at")
    process = served.server_process()
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    if seconds:
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", served.port))
            time.sleep(seconds)
    yield
    until = time.monotonic() + 150
    while served.output.count("is back at") == told:
        assert time.monotonic() < until, served.output
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        pytest.param(0, "sleep 8 once", id="a few seconds"),
        pytest.param(60, "sleep 90 once", id="a minute and more", marks=pytest.mark.long),
        pytest.param(60, "sleep 15 once", id="also while stages begin and end", marks=pytest.mark.long),
    ],
)
def test_the_stage_goes_on_and_the_run_reports_again(served: Served, seconds: float, words: str) -> None:
    run = served.in_training(words)
    process = served.run_process()
    with gone(served, seconds):
        pass
    assert process.is_running() or served.state(run) in FINAL
    assert served.await_state(run, *FINAL, seconds=400) == "COMPLETED"
    assert served.tasks(run).keys() == {*STAGES[3:], "demo@demo", "ingest@demo", "embed@demo"}
    assert set(served.tasks(run).values()) == {"Completed", "Cached"}
    ticks = (served.root / "data/network/ticks").read_text().split()
    assert ticks == [str(tick) for tick in range(int(words.split()[1]) * 10)], "one training, never ended"
    assert served.slots()[f"deployment:{served.deployment('pipeline')['id']}"] == 0


@pytest.mark.long
def test_a_run_can_be_cancelled_after_it(served: Served) -> None:
    run = served.in_training("sleep 60 twice")
    with gone(served, 0):
        pass
    served.call(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    assert served.await_state(run, *FINAL) == "CANCELLED"


def test_a_lease_that_is_lost_does_not_end_the_run() -> None:
    from prefect.concurrency import _leases

    from flows.served_run import _go_on_without_lease

    class Scope:
        cancelled = False

        def cancel(self) -> None:
            self.cancelled = True

    before = _leases._handle_lease_renewal_failure
    scope = Scope()
    try:
        _go_on_without_lease()
        _leases._handle_lease_renewal_failure(OSError("gone"), "id", True, False, scope)
    finally:
        _leases._handle_lease_renewal_failure = before
    assert not scope.cancelled
    before(OSError("gone"), "id", True, False, scope)
    assert scope.cancelled, "Prefect's own ends it"
