"""Flow runs that the database takes for being at work, or due, though nobody works on them: a server was killed.

For `serve`, which has just started the server and no run yet.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from flows.server import server
from operations.history import provenance
from operations.history.provenance import RESUMES

MESSAGE = "Nobody works on it any more: whoever ran it was killed, or the machine went down"
NOT_AGAIN = {"watch", "remove", "hold", "release", "promote", "rollback", "apply"}
"""Deployments whose runs are not taken up: the next look comes in a minute; what a person decided is not done twice."""
PAGE = 200


def forget_missed() -> None:
    """Of the runs whose time came while nobody served, leave the last of each deployment: it does the work of all."""
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    missed = {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"before_": datetime.now(UTC)}}
    kept = set()
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(missed), sort=FlowRunSort.EXPECTED_START_TIME_DESC
        )
        for run in runs:
            if run.auto_scheduled and run.deployment_id in kept:
                client.delete_flow_run(run.id)
            kept.add(run.deployment_id)


def settle(root: Path) -> list[str]:
    """End the runs that nobody works on as Crashed, with their tasks, and free their slots; a line about each.

    A run of a deployment is taken up again by a new run with its parameters, once: a run that took up another is not.
    One that was being cancelled ends as Cancelled. Runs of a work pool are left to its workers. Runs that verbs started
    are left alone while a verb of this checkout is at work, and where the server is not this checkout's own.
    """
    from prefect import get_client

    alone = not server.verbs_run(root) and server.is_own(root)
    with get_client(sync_client=True) as client:
        open_runs = {run.id: run for run in _open(client)}
        dead = [run for run in open_runs.values() if _is_dead(client, run, open_runs, alone)]
        lines = [_end(client, root, run) for run in dead]
        ended = {run.id for run in dead}
        _free_slots(client, [run for run in open_runs.values() if run.id not in ended], alone)
    return lines


def _open(client: Any) -> list[Any]:
    """All flow runs that have begun, or are about to, and have not ended."""
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    begun = {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING", "PAUSED"]}}}
    found: list[Any] = []
    while True:
        page = client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(begun),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=PAGE,
            offset=len(found),
        )
        found += page
        if len(page) < PAGE:
            return found


def _is_dead(client: Any, run: Any, open_runs: dict[UUID, Any], alone: bool) -> bool:
    if run.work_pool_name or run.state.state_details.pause_reschedule:  # the latter waits without a process
        return False
    if run.deployment_id:
        return True
    if run.parent_task_run_id:
        above = open_runs.get(client.read_task_run(run.parent_task_run_id).flow_run_id)
        return above is None or _is_dead(client, above, open_runs, alone)
    return alone


def _end(client: Any, root: Path, run: Any) -> str:
    """What became of it. Prefect's server fails at one that holds a slot of a deployment which was deleted."""
    from httpx import HTTPStatusError

    try:
        after = _taken_up(client, root, run)
        state = _end_of(run, after)
        _end_tasks(client, run.id)
        client.set_flow_run_state(run.id, state, force=True)
    except HTTPStatusError as error:
        return f"{run.name}, a run that was left {run.state_name}, stays so: the server answers {error.response.text}"
    return f"{run.name}, a run that was left {run.state_name}, is {state.name} now{after}"


def _taken_up(client: Any, root: Path, run: Any) -> str:
    """Have a new run take it up, and say so in the dead one's record; in words that follow on others, "" for none."""
    from prefect.exceptions import ObjectNotFound

    if run.state.is_cancelling() or not run.deployment_id or run.parent_task_run_id:
        return ""
    if any(tag.startswith(RESUMES) for tag in run.tags):
        return "; not taken up again, for it took up another itself"
    try:
        deployment = client.read_deployment(run.deployment_id)
    except ObjectNotFound:
        return ""
    if deployment.name in NOT_AGAIN:
        return ""
    # By the key it is made once, also where this process is killed before the dead run has ended.
    made = client.create_flow_run_from_deployment(
        run.deployment_id,
        parameters=run.parameters,
        name=f"{run.name}-again",
        tags=[*run.tags, f"{RESUMES}{run.id}"],
        idempotency_key=f"{RESUMES}{run.id}",
    )
    provenance.add(root, str(run.id), taken_up_again_by=made.name)
    return f"; taken up again by {made.name}"


def _end_of(run: Any, after: str) -> Any:
    from prefect.states import Cancelled, Crashed

    return (Cancelled if run.state.is_cancelling() else Crashed)(message=f"{MESSAGE}{after}")


def _end_tasks(client: Any, run: UUID) -> None:
    from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
    from prefect.states import Crashed

    for task in client.read_task_runs(
        flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [run]}}),
        task_run_filter=TaskRunFilter.model_validate({"state": {"type": {"any_": ["PENDING", "RUNNING"]}}}),
    ):
        client.set_task_run_state(task.id, Crashed(message=MESSAGE), force=True)


def _free_slots(client: Any, alive: list[Any], alone: bool) -> None:
    """Have the limits of deployments count the runs that are alive, and the one of trainings none if nobody trains."""
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    from flows.server import limits

    for limit in client.read_global_concurrency_limits(limit=PAGE):
        taken = sum(limit.name == f"deployment:{run.deployment_id}" for run in alive)
        ours = limit.name.startswith("deployment:") or (alone and limit.name == limits.GPU)
        if ours and limit.active_slots != taken:
            client.update_global_concurrency_limit(limit.name, GlobalConcurrencyLimitUpdate(active_slots=taken))
