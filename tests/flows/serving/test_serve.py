"""Against a real server, started as a user starts it; on SQLite, and on PostgreSQL among the tests that take long."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import uuid4

import pytest

from flows.server import server
from operations.project.stages import SINGLE
from tests.support.postgres import postgresql
from tests.support.served import FINAL, Served, serving, shared

pytestmark = pytest.mark.server


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def served(
    request: pytest.FixtureRequest,
    made_toy: Path,
    tmp_path_factory: pytest.TempPathFactory,
    environment: dict[str, str],
) -> Iterator[Served]:
    if request.param == "sqlite":
        yield shared(request)
        return
    root = Path(copytree(made_toy, tmp_path_factory.mktemp("served") / "toy", symlinks=True))
    with postgresql() as url, serving(root, environment, "--database", url) as served:
        yield served


def test_triggered_twice_the_second_finds_all_cached(served: Served) -> None:
    run = served.trigger(settings={"train": {"batch": 16}}, keep=True)
    assert served.await_state(run, *FINAL) == "COMPLETED"
    states = served.tasks(run)
    assert states["split"] == "Cached"
    assert states["train"] == states["evaluate"] == "Completed"
    again = served.trigger()
    assert served.await_state(again, *FINAL) == "COMPLETED"
    assert len(served.tasks(again)) == len(SINGLE) + 3
    assert set(served.tasks(again).values()) == {"Cached"}


@pytest.mark.parametrize(
    ("name", "strategy", "parameters"),
    [
        pytest.param("pipeline", "ENQUEUE", {"settings", "target", "keep"}, id="pipeline"),
        pytest.param("watch", "CANCEL_NEW", set(), id="watch"),
    ],
)
def test_deployments(served: Served, name: str, strategy: str, parameters: set[str]) -> None:
    """Named by module, one run at once, with a form."""
    deployment = served.deployment(name)
    assert deployment["entrypoint"] == f"flows.{name}.{name}"
    assert deployment["concurrency_options"]["collision_strategy"] == strategy
    assert deployment["global_concurrency_limit"]["limit"] == 1
    assert parameters <= set(deployment["parameter_openapi_schema"]["properties"])


def test_the_line_that_says_where_it_is_names_every_deployment(served: Served) -> None:
    names = {each["name"] for each in served.call("deployments/filter", {})}
    said = next(line for line in served.output.splitlines() if line.startswith("Prefect is at"))
    assert said.startswith(f"Prefect is at http://127.0.0.1:{served.port}, with the deployments ")
    assert names == set(said.split("deployments ")[1].split(";")[0].split(", "))
    assert {"pipeline", "watch"} <= names


def test_the_form_is_checked_by_the_server(served: Served) -> None:
    with pytest.raises(OSError, match="409|422"):
        served.trigger(settings={"train": {"batch": 0}})


def test_schedules_are_filled(served: Served) -> None:
    """Prefect 3.8 with SQLAlchemy 2.1 fails at this in the background, and no schedule ever fires."""
    wanted = {"deployments": {"id": {"any_": [served.deployment("watch")["id"]]}}}
    for _ in range(100):
        if served.call("flow_runs/count", wanted):
            return
        time.sleep(0.2)
    raise AssertionError((served.root / server.STATE / "server.log").read_text()[-2000:])


def test_the_pipeline_verb_reports_to_the_server(served: Served) -> None:
    before = served.call("flow_runs/count", {"flows": {"name": {"any_": ["pipeline"]}}})
    assert served.verb("pipeline").returncode == 0
    assert served.call("flow_runs/count", {"flows": {"name": {"any_": ["pipeline"]}}}) == before + 1


def test_an_event_starts_a_deployment(served: Served) -> None:
    deployment = served.deployment("add")["id"]
    trigger = {"type": "event", "posture": "Reactive", "expect": ["hemaflow.test"], "threshold": 1, "within": 0}
    action = {"type": "run-deployment", "deployment_id": deployment, "parameters": {"path": "/nonesuch"}}
    served.call("automations/", {"name": "test", "trigger": trigger, "actions": [action]})
    for attempt in range(100):
        if attempt % 20 == 0:  # on PostgreSQL the automation is known a moment later
            emit(served, "hemaflow.test")
        runs = served.call("flow_runs/filter", {"deployments": {"id": {"any_": [deployment]}}})
        if any(run["parameters"].get("path") == "/nonesuch" for run in runs):
            return
        time.sleep(0.2)
    raise AssertionError("no run within 20 s")


def emit(served: Served, name: str) -> None:
    resource = {"prefect.resource.id": f"{name}.1"}
    event = {"event": name, "id": str(uuid4()), "occurred": datetime.now(UTC).isoformat()}
    served.call("events", [{**event, "resource": resource, "payload": {}}])


def test_it_is_served_once(served: Served) -> None:
    done = served.verb("serve", "--port", str(server.free_port()))
    assert done.returncode == 1
    assert "served already: " + served.api in done.stderr


@pytest.mark.parametrize("setting", ["analytics_enabled", "ui.show_promotional_content"])
def test_nothing_is_advertised_or_sent_home(served: Served, setting: str) -> None:
    value = served.call("admin/settings")["server"]
    for key in setting.split("."):
        value = value[key]
    assert value is False


def test_a_cancelled_run_ends_its_stage_and_frees_dvc(served: Served, environment: dict[str, str], steer: Any) -> None:
    run = served.in_training("sleep 60")
    served.call(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    assert served.await_state(run, *FINAL) == "CANCELLED"
    steer.words(served.root, "train", "")
    subprocess.run(["dvc", "repro", "-q"], cwd=served.root, env=environment, check=True)


def test_the_server_knows_how_often_a_run_that_waits_is_tried(served: Served) -> None:
    """Each try is written to the database, and many runs that wait, each tried every second, stop SQLite."""
    pause = served.call("admin/settings")["server"]["deployments"]["concurrency_slot_wait_seconds"]
    assert pause == float(server.SETTINGS["PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS"])


@pytest.mark.long
def test_a_run_that_waits_for_another_is_tried_no_oftener_than_the_server_says(served: Served, steer: Any) -> None:
    first = served.in_training("sleep 600 ahead")
    waiting = served.trigger()
    until = time.monotonic() + 240
    while len(tries := _tries(served, waiting)) < 3:
        assert time.monotonic() < until, tries
        time.sleep(0.5)
    pause = float(server.SETTINGS["PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS"])
    assert all((after - before).total_seconds() >= pause for before, after in pairwise(tries)), tries
    steer.wake(served.root)
    assert [served.await_state(run, *FINAL) for run in (first, waiting)] == ["COMPLETED"] * 2


def _tries(served: Served, run: str) -> list[datetime]:
    """When the run was told to wait."""
    states = served.call(f"flow_run_states/?flow_run_id={run}")
    return sorted(
        datetime.fromisoformat(state["timestamp"]) for state in states if state["name"] == "AwaitingConcurrencySlot"
    )


def test_sigterm_ends_all_of_it(served: Served, environment: dict[str, str], steer: Any) -> None:
    """The last test, since it ends the server: with a run in the middle of a stage."""
    served.in_training("sleep 60 more")
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(timeout=60) == 0
    steer.await_no_process(served.root)
    assert not server.healthy(served.api)
    steer.words(served.root, "train", "")
    subprocess.run(["dvc", "repro", "-q"], cwd=served.root, env=environment, check=True)


def test_a_port_that_is_taken_is_said_at_once(toy: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "hemaflow", "serve", "--port", "1", "--host", "192.0.2.1"]
    env = {**environment, "HEMAFLOW_AUTH": "me:long enough"}
    done = subprocess.run(command, cwd=toy, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "port 1 of 192.0.2.1 cannot be had" in done.stderr
