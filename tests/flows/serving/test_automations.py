"""Against a real server with all its services, which takes its events in as in `make serve`."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.server import server
from operations.deliveries.add_remove import Added
from tests.flows.server import asking
from tests.support.receiver import Received

pytestmark = pytest.mark.server

HERE = Path(__file__).parents[3]
OURS = ["hemaflow: mark what died", "hemaflow: retrain on a delivery", "hemaflow: tell of crashes"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, prefect: Any) -> Iterator[server.Server]:
    """A server that knows a deployment `retrain` which nobody runs; flows in this process report to it."""
    from prefect import flow
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    root = tmp_path_factory.mktemp("served")
    prefect.give_database(root)
    home = root / server.STATE
    quick = {"PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT1S"}
    started = server.start(root, server.free_port(), PREFECT_HOME=str(home), **quick)
    started.await_healthy()

    @flow(name="retrain")
    def retrain(deliveries: list[str]) -> None:
        """A stand-in."""

    with temporary_settings({PREFECT_API_URL: started.api, PREFECT_HOME: home}):
        # Made by hand, for a flow of a test has no module that could be named.
        asking.call(started.api, "flows/", {"name": "retrain"})
        retrain.to_deployment("retrain").apply()
        yield started
    started.end()


@pytest.fixture
def known(served: server.Server) -> Callable[[], dict[str, Any]]:
    """The automations on the server, by name."""

    def read() -> dict[str, Any]:
        return {each["name"]: each for each in asking.call(served.api, "automations/filter", {})}

    return read


class TestSetUp:
    def test_again_changes_nothing(self, served: server.Server, known: Any, receiver: Received) -> None:
        """Ids, so that what the server has seen of runs that it watches is not forgotten."""
        from flows.serving import automations

        automations.set_up(receiver.url)
        before = known()
        assert sorted(before) == OURS
        automations.set_up(receiver.url)
        assert known() == before, "the times of their last change are among it"

    def test_what_is_wrong_is_set_right_and_a_pause_stays(self, served: server.Server, known: Any) -> None:
        from flows.serving import automations

        automations.set_up()
        mine = known()[OURS[0]]
        wrong = {key: mine[key] for key in ("name", "description", "trigger", "actions")}
        wrong["trigger"]["within"] = 3600
        asking.call(served.api, f"automations/{mine['id']}", {**wrong, "enabled": False}, "PUT")
        automations.set_up()
        assert known()[OURS[0]]["id"] == mine["id"]
        assert known()[OURS[0]]["trigger"]["within"] == automations.SILENCE.total_seconds()
        assert known()[OURS[0]]["enabled"] is False
        asking.call(served.api, f"automations/{mine['id']}", {"enabled": True}, "PATCH")

    def test_the_user_s_own_are_left_alone_and_doubles_go(self, served: server.Server, known: Any) -> None:
        from flows.serving import automations

        automations.set_up()
        fresh = {key: known()[OURS[1]][key] for key in ("description", "trigger", "actions")}
        for name in ("mine", OURS[1]):
            asking.call(served.api, "automations/", {**fresh, "name": name})
        mine = known()["mine"]
        automations.set_up()
        names = [each["name"] for each in asking.call(served.api, "automations/filter", {})]
        assert sorted(names) == [*OURS[:2], "mine"]
        assert known()["mine"] == mine
        asking.call(served.api, f"automations/{mine['id']}", None, "DELETE")

    def test_without_a_webhook_nothing_tells_and_nothing_of_it_is_kept(
        self, served: server.Server, known: Any, receiver: Received
    ) -> None:
        from flows.serving import automations

        automations.set_up(receiver.url)
        assert len(asking.blocks(served)) == 1
        automations.set_up(f"{receiver.url}/other")
        (block,) = asking.blocks(served)
        assert known()[OURS[2]]["actions"][0]["block_document_id"] == block["id"]
        automations.set_up(None)
        assert sorted(known()) == OURS[:2]
        assert asking.blocks(served) == []

    def test_a_bad_webhook_sets_nothing_up(self, served: server.Server, known: Any) -> None:
        from flows.serving import automations

        before = known()
        with pytest.raises(ValueError, match="HEMAFLOW_WEBHOOK must be an http or https URL"):
            automations.set_up("ftp://host/secret")
        assert known() == before


def test_without_the_deployment_it_says_so(prefect: Any) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.serving import automations

    nowhere = pytest.raises(ValueError, match="no deployment retrain/retrain")
    with temporary_settings({PREFECT_API_URL: prefect.api}), nowhere:
        automations.set_up()


def test_a_delivery_starts_one_retraining(served: server.Server) -> None:
    from flows import events
    from flows.serving import automations

    automations.set_up()
    for name in ("one", "batch-2.1", "one"):
        events.accepted(Added(name, True, 2, {"ig": 2}, 0))
    asking.wait(lambda: len(asking.retrainings(served)) == 3)
    time.sleep(2)  # for one too many
    given = [run["parameters"] for run in asking.retrainings(served)]
    assert sorted(given, key=repr) == [{"deliveries": [name]} for name in ("batch-2.1", "one", "one")]


def test_crashes_are_told(served: server.Server, receiver: Received) -> None:
    """Failures are not: the run itself tells of these."""
    from flows.serving import automations

    automations.set_up(receiver.url)
    asking.run(served, "pipeline", "FAILED", message="told by itself", name="Failed")
    crashed = asking.run(served, "retrain", "CRASHED", message='"killed" by <nobody>', name="Crashed")
    asking.run(served, "retrain", "COMPLETED", name="Collapsed")
    asking.run(served, "another project's", "CRASHED", name="Crashed")
    asking.wait(lambda: len(receiver) == 1)
    time.sleep(1)
    (told,) = receiver
    assert told.pop("time")[:10] == crashed["created"][:10]
    assert told == {
        "event": "crashed",
        "message": 'retrain: "killed" by <nobody>',
        "run": crashed["name"],
        "url": f"{served.url}/runs/flow-run/{crashed['id']}",
        "explain": f"hemaflow explain {crashed['id']}",
        "type": "application/json",
    }


@pytest.mark.long
def test_a_run_without_heartbeats_is_marked_and_one_with_them_is_not(
    served: server.Server, receiver: Received, tmp_path: Path
) -> None:
    """One is a real process that is killed; the other's heartbeats come from here, oftener than Prefect lets a run."""
    from flows.serving import automations

    automations.set_up(receiver.url, silence=timedelta(seconds=10))
    alive = asking.run(served, "pipeline", "RUNNING")
    process = _start_and_await_its_run(served, tmp_path)
    dead = next(run for run in asking.runs(served, "watch") if run["state_type"] == "RUNNING")
    process.kill()
    process.wait()
    for _ in range(60):
        asking.beat(served, alive, "pipeline")
        if asking.state(served, dead["id"]) == "CRASHED":
            break
        time.sleep(1)
    assert asking.state(served, dead["id"]) == "CRASHED", "the process is gone, and its run is said to be at work"
    assert asking.state(served, alive["id"]) == "RUNNING"
    asking.wait(
        lambda: [each["message"] for each in receiver] == ["watch: no sign of life for 10 s: its process is gone"]
    )
    automations.set_up()


SLEEPS = """
import time
from prefect import flow

@flow(name="watch")
def watch():
    time.sleep(600)

watch()
"""


def _start_and_await_its_run(served: server.Server, folder: Path) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PREFECT_API_URL": served.api, "PREFECT_HOME": str(folder)}
    process = subprocess.Popen([sys.executable, "-c", SLEEPS], cwd=folder, env=env, stderr=subprocess.DEVNULL)
    asking.wait(lambda: bool(asking.beats(served, "watch")))
    return process


@pytest.mark.parametrize("by", ["the package", "the pool"])
def test_heartbeats_come_oftener_than_the_silence(by: str) -> None:
    """By default they come every three minutes, and all runs would be taken for dead."""
    from flows import HEARTBEAT_SECONDS
    from flows.serving import automations, pool

    if by == "the package":
        env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        code = "import flows; from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY as f; print(f.value())"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=HERE, env=env, capture_output=True, text=True, check=True
        )
        found = done.stdout
    else:
        found = pool.template(HERE)["job_configuration"]["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]
    assert int(found) == HEARTBEAT_SECONDS
    assert automations.SILENCE.total_seconds() >= 4 * HEARTBEAT_SECONDS
