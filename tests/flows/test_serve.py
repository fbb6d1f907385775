"""Against a real server, started as a user starts it."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from flows import server
from flows.stages import STAGES

pytestmark = pytest.mark.server

FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass
class Served:
    """A toy that is being served."""

    root: Path
    api: str
    process: subprocess.Popen[str]

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}/{path}", data, {"Content-Type": "application/json"})
        for _ in range(10):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != 503:  # busy with its database; Prefect's own client tries again too
                    raise
                time.sleep(1)
        raise AssertionError(f"{path}: the server stays busy")

    def deployment(self, name: str) -> Any:
        return self.call(f"deployments/name/{name}/{name}")

    def trigger(self, **parameters: Any) -> str:
        """The id of a new run of the pipeline, made as the UI's form makes it."""
        deployment = self.deployment("pipeline")["id"]
        run = self.call(f"deployments/{deployment}/create_flow_run", {"parameters": parameters})
        return str(run["id"])

    def state(self, run: str) -> str:
        return str(self.call(f"flow_runs/{run}")["state_type"])

    def await_state(self, run: str, *wanted: str) -> str:
        until = time.monotonic() + 120
        while (state := self.state(run)) not in wanted:
            assert time.monotonic() < until, f"the run is {state} still"
            time.sleep(0.3)
        return state

    def tasks(self, run: str) -> dict[str, str]:
        """Names of the states in which the run's tasks ended."""
        runs: list[Any] = []
        for _ in range(50):
            runs = self.call("task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
            if len(runs) == len(STAGES) and all(task["state_type"] in FINAL for task in runs):
                break
            time.sleep(0.2)
        return {task["name"]: task["state_name"] for task in runs}


@pytest.fixture(scope="module")
def served(
    made_toy: Path, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], prefect: Any
) -> Iterator[Served]:
    root = Path(copytree(made_toy, tmp_path_factory.mktemp("served") / "toy", symlinks=True))
    prefect.give_database(root)
    port = server.free_port()
    command = [sys.executable, "-m", "flows", "serve", "--port", str(port)]
    # As a shell's `&` starts it, with SIGINT ignored: nothing that ends it may depend on that.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    assert process.stdout is not None
    assert f"Prefect is at http://127.0.0.1:{port}" in process.stdout.readline()
    served = Served(root, f"http://127.0.0.1:{port}/api", process)
    for name in ("pipeline", "watch"):
        _await_deployment(served, name)
    yield served
    process.terminate()
    process.wait(timeout=60)


def _await_deployment(served: Served, name: str) -> None:
    for _ in range(100):
        try:
            served.deployment(name)
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no deployment {name}")


def test_triggered_twice_the_second_finds_all_cached(served: Served) -> None:
    run = served.trigger(settings={"batch": 16})
    assert served.await_state(run, *FINAL) == "COMPLETED"
    states = served.tasks(run)
    assert states["split"] == "Cached"
    assert states["train"] == states["evaluate"] == "Completed"
    again = served.trigger()
    assert served.await_state(again, *FINAL) == "COMPLETED"
    assert len(served.tasks(again)) == len(STAGES)
    assert set(served.tasks(again).values()) == {"Cached"}


@pytest.mark.parametrize(
    ("name", "strategy", "parameters"),
    [
        pytest.param("pipeline", "ENQUEUE", {"settings", "target"}, id="pipeline"),
        pytest.param("watch", "CANCEL_NEW", {"folder", "settle_seconds"}, id="watch"),
    ],
)
def test_deployments(served: Served, name: str, strategy: str, parameters: set[str]) -> None:
    """Named by module, one run at once, with a form and a schedule."""
    deployment = served.deployment(name)
    assert deployment["entrypoint"] == f"flows.{name}.{name}"
    assert deployment["concurrency_options"]["collision_strategy"] == strategy
    assert deployment["global_concurrency_limit"]["limit"] == 1
    assert parameters <= set(deployment["parameter_openapi_schema"]["properties"])
    assert [schedule["active"] for schedule in deployment["schedules"]] == [True]


def test_the_form_is_checked_by_the_server(served: Served) -> None:
    with pytest.raises(OSError, match="409|422"):
        served.trigger(settings={"batch": 0})


def test_schedules_are_filled(served: Served) -> None:
    """Prefect 3.8 with SQLAlchemy 2.1 fails at this in the background, and no schedule ever fires."""
    wanted = {"deployments": {"id": {"any_": [served.deployment("watch")["id"]]}}}
    for _ in range(100):
        if served.call("flow_runs/count", wanted):
            return
        time.sleep(0.2)
    raise AssertionError((served.root / server.STATE / "server.log").read_text()[-2000:])


def test_the_pipeline_verb_reports_to_the_server(served: Served, environment: dict[str, str]) -> None:
    before = served.call("flow_runs/count", {"flows": {"name": {"any_": ["pipeline"]}}})
    command = [sys.executable, "-m", "flows", "pipeline"]
    subprocess.run(command, cwd=served.root, env=environment, check=True, capture_output=True)
    assert served.call("flow_runs/count", {"flows": {"name": {"any_": ["pipeline"]}}}) == before + 1


def test_it_is_served_once(served: Served, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "flows", "serve", "--port", str(server.free_port())]
    done = subprocess.run(command, cwd=served.root, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "served already: " + served.api in done.stderr


def test_a_cancelled_run_ends_its_stage_and_frees_dvc(served: Served, environment: dict[str, str], steer: Any) -> None:
    steer.words(served.root, "train", "sleep 60")
    run = served.trigger()
    steer.await_ticks(served.root)
    served.call(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    assert served.await_state(run, *FINAL) == "CANCELLED"
    steer.words(served.root, "train", "")
    subprocess.run(["dvc", "repro", "-q"], cwd=served.root, env=environment, check=True)


def test_sigterm_ends_all_of_it(served: Served, environment: dict[str, str], steer: Any) -> None:
    """The last test, since it ends the server: with a run in the middle of a stage."""
    (served.root / "data/model/ticks").unlink(missing_ok=True)
    steer.words(served.root, "train", "sleep 60 more")
    served.trigger()
    steer.await_ticks(served.root)
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(timeout=60) == 0
    steer.await_no_process(served.root)
    assert not server.healthy(served.api)
    steer.words(served.root, "train", "")
    subprocess.run(["dvc", "repro", "-q"], cwd=served.root, env=environment, check=True)
