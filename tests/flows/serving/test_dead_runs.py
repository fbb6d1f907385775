"""Runs whose processes are gone, made by hand on a real server."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from flows.server import server
from flows.serving import dead_runs
from operations.history import provenance

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("api")]


@pytest.fixture
def client() -> Iterator[Any]:
    from prefect import get_client

    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of which no verb is at work, and whose own the server is."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / server.STATE))
    (tmp_path / server.STATE).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def deployed(client: Any) -> Iterator[UUID]:
    """A deployment with a limit."""
    flow = client.create_flow_from_name(f"flow-{uuid4()}")
    made = client.create_deployment(flow, "served", concurrency_limit=1)
    yield made
    client.delete_deployment(made)


def state(name: str) -> Any:
    from prefect import states

    return {
        "Pending": states.Pending(),
        "Running": states.Running(),
        "Cancelling": states.Cancelling(),
        "Paused": states.Paused(timeout_seconds=900),
        "Suspended": states.Suspended(timeout_seconds=900),
        "Scheduled": states.Scheduled(),
        "Failed": states.Failed(),
    }[name]


@pytest.fixture
def left(client: Any, deployed: UUID) -> Callable[[str], UUID]:
    """Makes a run of the deployment that was left in a state."""

    def make(name: str) -> UUID:
        run = client.create_flow_run_from_deployment(deployed)
        for each in ["Running", name] if name == "Cancelling" else [name]:  # who never ran is cancelled at once
            client.set_flow_run_state(run.id, state(each), force=True)
        return UUID(str(run.id))

    return make


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("Pending", "Crashed"),
        ("Running", "Crashed"),
        ("Cancelling", "Cancelled"),
        ("Paused", "Crashed"),
        pytest.param("Suspended", "Suspended", id="Suspended waits without a process"),
        ("Scheduled", "Scheduled"),
        ("Failed", "Failed"),
    ],
)
def test_a_run_of_a_deployment(client: Any, alone: Path, left: Callable[[str], UUID], was: str, becomes: str) -> None:
    run = left(was)
    lines = dead_runs.settle(alone)
    after = client.read_flow_run(run)
    assert after.state.name == becomes
    if was != becomes:
        again = "" if becomes == "Cancelled" else f"; taken up again by {after.name}-again"
        assert after.state.message == f"{dead_runs.MESSAGE}{again}"
        assert f"{after.name}, a run that was left {was}, is {becomes} now{again}" in lines
    else:
        assert not lines
    client.delete_flow_run(run)


def recorded(root: Path, run: Any) -> Path:
    """The record that its process left, without an end."""
    file = root / provenance.FOLDER / "20261126T101010.123Z-abcdef.json"
    file.parent.mkdir(parents=True)
    prefect = [{"flow": "pipeline", "id": str(run.id), "name": run.name}]
    facts = {"target": "split"}
    file.write_text(json.dumps({"format": provenance.FORMAT, "facts": facts, "prefect": prefect, "end": None}))
    return file


def resumptions(client: Any, run: UUID) -> list[Any]:
    from prefect.client.schemas.filters import FlowRunFilter

    wanted = FlowRunFilter.model_validate({"tags": {"all_": [f"{dead_runs.RESUMES}{run}"]}})
    return list(client.read_flow_runs(flow_run_filter=wanted))


def test_it_is_taken_up_again_once(client: Any, alone: Path, deployed: UUID) -> None:
    run = client.create_flow_run_from_deployment(deployed, parameters={"target": "split"}, tags=["mine"])
    client.set_flow_run_state(run.id, state("Running"), force=True)
    record = recorded(alone, run)
    dead_runs.settle(alone)
    (again,) = resumptions(client, run.id)
    assert (again.deployment_id, again.parameters, again.state.name) == (deployed, {"target": "split"}, "Scheduled")
    assert again.name == f"{run.name}-again"
    assert "mine" in again.tags
    facts = json.loads(record.read_text())["facts"]
    assert facts == {"target": "split", "taken_up_again_by": again.name}
    # As if this process had been killed before it ended the dead one.
    client.set_flow_run_state(run.id, state("Running"), force=True)
    dead_runs.settle(alone)
    assert [each.id for each in resumptions(client, run.id)] == [again.id]
    # The resumption dies too.
    client.set_flow_run_state(again.id, state("Running"), force=True)
    (line,) = dead_runs.settle(alone)
    assert "not taken up again" in line
    assert resumptions(client, again.id) == []


@pytest.mark.parametrize("name", sorted(dead_runs.NOT_AGAIN))
def test_what_comes_by_itself_and_what_a_person_decided_is_not_done_again(client: Any, alone: Path, name: str) -> None:
    deployment = client.create_deployment(client.create_flow_from_name(f"flow-{uuid4()}"), name)
    run = client.create_flow_run_from_deployment(deployment)
    client.set_flow_run_state(run.id, state("Running"), force=True)
    dead_runs.settle(alone)
    assert client.read_flow_run(run.id).state.message == dead_runs.MESSAGE
    assert resumptions(client, run.id) == []
    client.delete_deployment(deployment)


def test_a_cancelled_run_is_not_taken_up_again(client: Any, alone: Path, left: Callable[[str], UUID]) -> None:
    run = left("Cancelling")
    dead_runs.settle(alone)
    assert resumptions(client, run) == []


def test_tasks_and_runs_below_end_with_it(client: Any, alone: Path, left: Callable[[str], UUID]) -> None:
    from prefect import flow, task

    @task
    def train() -> None: ...

    @flow
    def below() -> None: ...

    run = left("Running")
    task_run = client.create_task_run(train, run, "train", state=state("Running"))
    subflow = client.create_flow_run(below, parent_task_run_id=task_run.id, state=state("Running"))
    dead_runs.settle(alone)
    assert client.read_task_run(task_run.id).state.name == "Crashed"
    assert client.read_flow_run(subflow.id).state.name == "Crashed"


@pytest.mark.parametrize("above", ["Running", "Failed"])
def test_a_run_below_one_of_a_verb_shares_its_fate(client: Any, alone: Path, above: str) -> None:
    from prefect import flow, task

    @task
    def train() -> None: ...

    @flow
    def verb() -> None: ...

    run = client.create_flow_run(verb, state=state("Running"))
    task_run = client.create_task_run(train, run.id, "train", state=state("Running"))
    subflow = client.create_flow_run(verb, parent_task_run_id=task_run.id, state=state("Running"))
    client.set_flow_run_state(run.id, state(above), force=True)
    at_work = server._shared(alone)
    dead_runs.settle(alone)
    expected = "Crashed" if above == "Failed" else "Running"
    assert client.read_flow_run(subflow.id).state.name == expected
    at_work.close()
    dead_runs.settle(alone)
    assert client.read_flow_run(subflow.id).state.name == "Crashed"


@pytest.mark.parametrize(
    ("verb_at_work", "own_server", "becomes"),
    [
        pytest.param(False, True, "Crashed", id="nobody is there"),
        pytest.param(True, True, "Running", id="a verb is at work"),
        pytest.param(False, False, "Running", id="the server is not of this checkout"),
    ],
)
def test_a_run_of_a_verb(
    client: Any, alone: Path, monkeypatch: pytest.MonkeyPatch, verb_at_work: bool, own_server: bool, becomes: str
) -> None:
    from prefect import flow

    from flows.server import limits

    @flow
    def study() -> None: ...

    run = client.create_flow_run(study, state=state("Running"))
    client.upsert_global_concurrency_limit_by_name(limits.GPU, 1)
    client.increment_concurrency_slots([limits.GPU], 1, "concurrency")
    held = server._shared(alone) if verb_at_work else None
    if not own_server:
        monkeypatch.setenv("PREFECT_HOME", "/elsewhere")
    dead_runs.settle(alone)
    assert client.read_flow_run(run.id).state.name == becomes
    taken = client.read_global_concurrency_limit_by_name(limits.GPU).active_slots
    assert taken == (0 if becomes == "Crashed" else 1)
    client.delete_flow_run(run.id)
    client.delete_global_concurrency_limit_by_name(limits.GPU)
    if held:
        held.close()


def test_a_worker_keeps_its_runs_and_their_slots(client: Any, alone: Path) -> None:
    from prefect.client.schemas.actions import WorkPoolCreate

    pool = f"pool-{uuid4()}"
    client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    flow = client.create_flow_from_name(f"flow-{uuid4()}")
    deployment = client.create_deployment(flow, "of a worker", concurrency_limit=1, work_pool_name=pool)
    run = client.create_flow_run_from_deployment(deployment)
    client.set_flow_run_state(run.id, state("Pending"))
    client.set_flow_run_state(run.id, state("Running"))
    dead_runs.settle(alone)
    assert client.read_flow_run(run.id).state.name == "Running"
    assert client.read_deployment(deployment).global_concurrency_limit.active_slots == 1
    client.delete_flow_run(run.id)
    client.delete_deployment(deployment)
    client.delete_work_pool(pool)


def test_what_the_server_cannot_end_is_said_and_stops_nothing(
    client: Any, alone: Path, left: Callable[[str], UUID]
) -> None:
    flow = client.create_flow_from_name(f"flow-{uuid4()}")
    deployment = client.create_deployment(flow, "deleted later", concurrency_limit=1)
    stuck = client.create_flow_run_from_deployment(deployment)
    client.set_flow_run_state(stuck.id, state("Pending"))
    client.delete_deployment(deployment)
    other = left("Running")
    lines = dead_runs.settle(alone)
    assert sum("stays so: the server answers" in line for line in lines) == 1
    assert client.read_flow_run(other).state.name == "Crashed"
    client.delete_flow_run(stuck.id)


def test_slots_of_runs_that_are_gone_are_free(client: Any, alone: Path, deployed: UUID) -> None:
    limit = f"deployment:{deployed}"
    client.increment_concurrency_slots([limit], 1, "concurrency")
    dead_runs.settle(alone)
    assert client.read_deployment(deployed).global_concurrency_limit.active_slots == 0


def test_of_what_was_missed_the_last_is_left(client: Any, deployed: UUID) -> None:
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.schedules import IntervalSchedule

    client.create_deployment_schedules(deployed, [(IntervalSchedule(interval=timedelta(hours=1)), True)])
    today = datetime.now(UTC).replace(hour=0)
    span = {
        "start_time": today - timedelta(days=2),
        "end_time": today - timedelta(days=1),
        "min_runs": 4,
        "max_runs": 4,
    }
    client._client.post(f"/deployments/{deployed}/schedule", json={key: str(value) for key, value in span.items()})
    missed = FlowRunFilter.model_validate(
        {"deployment_id": {"any_": [deployed]}, "expected_start_time": {"before_": datetime.now(UTC)}}
    )
    assert len(client.read_flow_runs(flow_run_filter=missed)) >= 4
    due = max(run.expected_start_time for run in client.read_flow_runs(flow_run_filter=missed) if run.auto_scheduled)
    dead_runs.forget_missed()
    assert [run.expected_start_time for run in client.read_flow_runs(flow_run_filter=missed)] == [due]


def test_what_a_person_started_was_not_missed(client: Any, deployed: UUID) -> None:
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.states import Scheduled

    due = datetime.now(UTC) - timedelta(minutes=3)
    runs = [client.create_flow_run_from_deployment(deployed, state=Scheduled(scheduled_time=due)) for _ in range(2)]
    dead_runs.forget_missed()
    wanted = FlowRunFilter.model_validate({"id": {"any_": [run.id for run in runs]}})
    assert len(client.read_flow_runs(flow_run_filter=wanted)) == 2
    for run in runs:
        client.delete_flow_run(run.id)
