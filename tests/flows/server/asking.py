"""What tests ask of a server's API, and tell it."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID, uuid4

from flows.server import server


def run(served: server.Server, flow: str, state: str, **more: Any) -> Any:
    """A flow run that came to that state, without a process."""
    flow_id = call(served.api, "flows/", {"name": flow})["id"]
    run = call(served.api, "flow_runs/", {"flow_id": flow_id, "state": {"type": "RUNNING"}})
    if state != "RUNNING":
        call(served.api, f"flow_runs/{run['id']}/set_state", {"state": {"type": state, **more}})
    return run


def beat(served: server.Server, run: Any, flow: str) -> None:
    """A heartbeat as Prefect's engine emits it."""
    resource = {"prefect.resource.id": f"prefect.flow-run.{run['id']}", "prefect.resource.name": run["name"]}
    related = [
        {
            "prefect.resource.id": f"prefect.flow.{run['flow_id']}",
            "prefect.resource.role": "flow",
            "prefect.resource.name": flow,
        }
    ]
    event = {
        "id": str(uuid4()),
        "occurred": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "event": "prefect.flow-run.heartbeat",
        "resource": resource,
        "related": related,
        "payload": {},
    }
    call(served.api, "events", [event])


def beats(served: server.Server, flow: str) -> list[Any]:
    """Heartbeats of a flow's runs."""
    ids = {f"prefect.flow-run.{run['id']}" for run in runs(served, flow)}
    wanted = {"filter": {"event": {"name": ["prefect.flow-run.heartbeat"]}}, "limit": 50}
    events = call(served.api, "events/filter", wanted)["events"]
    return [event for event in events if event["resource"]["prefect.resource.id"] in ids]


def runs(served: server.Server, flow: str) -> list[Any]:
    return list(call(served.api, "flow_runs/filter", {"flows": {"name": {"any_": [flow]}}}))


def retrainings(served: server.Server) -> list[Any]:
    return [run for run in runs(served, "retrain") if run["deployment_id"]]


def state(served: server.Server, run: str | UUID) -> str:
    return str(call(served.api, f"flow_runs/{run}")["state_type"])


def blocks(served: server.Server) -> list[Any]:
    return list(call(served.api, "block_documents/filter", {}))


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)


def call(api: str, path: str, body: Any = None, method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{api}/{path}", data, {"Content-Type": "application/json"}, method=method)
    for _ in range(10):
        try:
            with urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or "null")
        except HTTPError as error:
            if error.code != 503:  # busy with its database; Prefect's own client tries again too
                raise
            time.sleep(1)
    raise AssertionError(f"{path}: the server stays busy")
