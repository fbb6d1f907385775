"""Who started a run, by a proxy's header; against a real server."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from flows.server import server
from operations.person import ANSWERED, LABEL, VARIABLE
from tests.flows.server import asking

pytestmark = pytest.mark.server

FORGED = {LABEL: "eve", ANSWERED: "eve", "mine": "kept"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, prefect: Any) -> Iterator[server.Server]:
    root = tmp_path_factory.mktemp("users")
    prefect.give_database(root)
    home = str(root / server.STATE)
    started = server.start(root, server.free_port(), PREFECT_HOME=home, **{**server.BRIEF, VARIABLE: "X-User"})
    started.await_healthy()
    yield started
    started.end()


@pytest.fixture(scope="module")
def deployment(served: server.Server) -> str:
    """Whose own labels, which its runs inherit, name somebody."""
    flow = asking.call(served.api, "flows/", {"name": "served"})["id"]
    made = asking.call(served.api, "deployments/", {"name": "served", "flow_id": flow, "labels": FORGED})
    return str(made["id"])


def call(served: server.Server, path: str, body: Any, *users: str, method: str = "POST", **headers: str) -> Any:
    request = Request(f"{served.api}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    request.method = method
    for user in users:
        request.add_header("X-User", user)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    with urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or "null")


def labels(served: server.Server, run: Any) -> dict[str, str]:
    return dict(asking.call(served.api, f"flow_runs/{run['id']}")["labels"])


@pytest.mark.parametrize(
    ("users", "body", "expected"),
    [
        pytest.param(["ada"], {}, "ada", id="the proxy's user"),
        pytest.param(["ada"], {"labels": FORGED}, "ada", id="who says to be another"),
        pytest.param([], {"labels": FORGED}, "", id="past the proxy"),
        pytest.param([], {}, "", id="the label of the deployment"),
        pytest.param(["a" * 300], {}, "", id="no name"),
    ],
)
def test_a_run_is_labelled_with_who_started_it(
    served: server.Server, deployment: str, users: list[str], body: Any, expected: str
) -> None:
    run = call(served, f"deployments/{deployment}/create_flow_run", body, *users)
    assert labels(served, run)[LABEL] == expected
    assert labels(served, run).get("mine") == "kept"


def test_many_runs_at_once_and_those_of_no_deployment(served: server.Server, deployment: str) -> None:
    made = call(served, f"deployments/{deployment}/create_flow_run/bulk", [{"labels": FORGED}, {}], "ada")
    for result in made["results"]:
        assert labels(served, {"id": result["flow_run_id"]})[LABEL] == "ada"
    flow = asking.call(served.api, "flows/", {"name": "served"})["id"]
    run = call(served, "flow_runs/", {"flow_id": flow, "deployment_id": deployment, "labels": FORGED}, "ada")
    assert labels(served, run)[LABEL] == "ada"


def test_nobody_relabels_a_run(served: server.Server, deployment: str) -> None:
    run = call(served, f"deployments/{deployment}/create_flow_run", {}, "ada")
    call(served, f"flow_runs/{run['id']}/labels", {**FORGED, "mine": "new"}, "eve", method="PATCH")
    found = labels(served, run)
    assert (found[LABEL], found["mine"]) == ("ada", "new")


def test_nobody_passes_for_an_automation(served: server.Server, deployment: str) -> None:
    forged = {"prefect_automation_id": str(uuid4()), "prefect_automation_name": "cmV0cmFpbg=="}
    run = call(served, f"deployments/{deployment}/create_flow_run", {}, **forged)
    assert run["created_by"] is None


def test_who_answers_is_labelled_once_the_answer_was_taken(served: server.Server, deployment: str) -> None:
    run = call(served, f"deployments/{deployment}/create_flow_run", {}, "ada")
    assert call(served, f"flow_runs/{run['id']}/resume", {}, "eve")["status"] == "ABORT"
    assert labels(served, run)[ANSWERED] == "eve", "of the deployment, inherited: it does not count"
    for state in ("RUNNING", "PAUSED"):
        details = {"pause_timeout": "2030-01-01T00:00:00Z", "pause_key": "k"} if state == "PAUSED" else {}
        wanted = {"state": {"type": state, "state_details": details}, "force": True}
        call(served, f"flow_runs/{run['id']}/set_state", wanted)
    assert call(served, f"flow_runs/{run['id']}/resume", {}, "bob")["status"] == "ACCEPT"
    assert (labels(served, run)[ANSWERED], labels(served, run)[LABEL]) == (f"{run['id']} bob", "ada")
