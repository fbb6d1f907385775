"""What is left when a flow run, or `serve` with all that it runs, is killed in mid-training. Against a real server."""

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows.server import server, webhook
from operations.process import lock
from tests.support.receiver import Received
from tests.support.served import FINAL, Served, serving, shared

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest) -> Served:
    return shared(request)


def await_nothing_in(root: Path) -> None:
    """Until no process works there: the graces of a flow run and of the guards are 5 and 15 s."""
    until = time.monotonic() + 45
    while left := [process.info for process in psutil.process_iter(["cwd", "cmdline"]) if at_work(process, root)]:
        assert time.monotonic() < until, left
        time.sleep(0.2)


def at_work(process: psutil.Process, root: Path) -> bool:
    return process.info["cwd"] == str(root.resolve()) and bool(process.info["cmdline"])  # no command line: a zombie


def test_a_killed_run_is_marked_its_stage_ends_and_the_next_one_works(served: Served, steer: Any) -> None:
    run = served.in_training("sleep 60 first")
    process = served.run_process()
    assert str(lock.holder(served.root)).startswith(f"pid {process.pid}: pipeline")
    process.send_signal(signal.SIGKILL)
    assert served.await_state(run, *FINAL) == "CRASHED"
    assert "-9" in served.run(run)["state"]["message"]
    steer.words(served.root, "train", "sleep 1 second")
    after = served.trigger()
    assert served.await_state(after, *FINAL) == "COMPLETED"
    assert served.tasks(after)["train"] == "Completed"


@pytest.mark.long
def test_a_killed_serve_takes_its_runs_with_it_and_the_next_one_takes_them_up(
    served: Served, environment: dict[str, str], steer: Any, receiver: Received
) -> None:
    """The last test, since it ends the server."""
    root = served.root
    run = served.in_training("sleep 60 third")
    limit = f"deployment:{served.deployment('pipeline')['id']}"
    assert served.slots()[limit] == 1
    served.process.send_signal(signal.SIGKILL)
    served.process.wait()
    await_nothing_in(root)
    assert lock.holder(root) is None
    assert not server.healthy(served.api)
    steer.words(root, "train", "sleep 1 fourth")
    with serving(root, {**environment, webhook.VARIABLE: receiver.url}) as after:
        state = after.run(run)["state"]
        assert state["type"] == "CRASHED"
        tasks = after.call("task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
        assert {task["state_type"] for task in tasks if task["name"] == "train"} <= {"CRASHED", "FAILED"}
        assert not {task["state_type"] for task in tasks} & {"RUNNING", "PENDING"}
        assert "taken up again by" in after.output
        filters = {"flow_runs": {"tags": {"all_": [f"resumes:{run}"]}}}
        (again,) = after.call("flow_runs/filter", filters)
        assert after.await_state(again["id"], *FINAL) == "COMPLETED"
        assert after.tasks(again["id"])["train"] == "Completed"
        assert again["name"] in after.verb("explain", run).stdout
        (told,) = receiver
        assert (told["event"], told["url"]) == ("crashed", f"http://127.0.0.1:{after.port}/runs/flow-run/{run}")
        assert told["message"].endswith(f"; taken up again by {again['name']}")
        assert after.slots()[limit] == 0
    status = ["dvc", "status", "dvc.yaml"]
    done = subprocess.run(status, cwd=root, env=environment, capture_output=True, text=True, check=True)
    assert "up to date" in done.stdout
