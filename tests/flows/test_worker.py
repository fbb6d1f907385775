"""The deployments of prefect.yaml, worked off by a worker, as docs/deploying.md says."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows import deployments
from flows.serving import server
from tests.flows import retrained
from tests.flows.served import FINAL, OUTPUT, Served

HERE = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect"]
LONGER_THAN_ITS_PLACE = 300.0
"""Prefect's server gives a paused run's place of the deployment away before that, and the client ends the run."""

pytestmark = [pytest.mark.long, pytest.mark.server]


@contextmanager
def worked(root: Path, environment: dict[str, str], prefect: Any) -> Iterator[Served]:
    """A server, the deployments in a pool, and a worker, until the block is left."""
    shutil.copy(HERE / "prefect.yaml", root)
    prefect.give_database(root)
    home, port = str(root / server.STATE), server.free_port()
    started = server.start(root, port, PREFECT_HOME=home)
    started.await_healthy()
    env = {**environment, "PREFECT_API_URL": started.api, "PREFECT_HOME": home, "PWD": str(root)}
    create = ["work-pool", "create", "hemaflow", "--type", "process"]
    for words in (create, ["--no-prompt", "deploy", "--all"]):
        subprocess.run([*PREFECT, *words], cwd=root, env=env, check=True, capture_output=True)
    command = [*PREFECT, "worker", "start", "--pool", "hemaflow", "--type", "process"]
    with (root / OUTPUT).open("wb") as output:
        worker = subprocess.Popen(command, cwd=root, env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield Served(root, port, worker, env)
    finally:
        worker.terminate()
        worker.wait(timeout=60)
        started.end()


def test_it_runs_the_pipeline(toy: Path, environment: dict[str, str], prefect: Any) -> None:
    with worked(toy, environment, prefect) as there:
        known = {each["name"]: each["work_pool_name"] for each in there.call("deployments/filter", {})}
        assert known == dict.fromkeys((each.name for each in deployments.deployments()), "hemaflow")
        run = there.trigger("pipeline", target="split")
        assert there.await_state(run, *FINAL) == "COMPLETED", there.output
        assert set(there.tasks(run).values()) == {"Cached", "Skipped"}


def test_a_run_waits_for_a_person_longer_than_its_place_is_kept(
    with_second: Path, environment: dict[str, str], prefect: Any
) -> None:
    with worked(with_second, environment, prefect) as there:
        run = there.trigger("retrain", approval="person")
        assert there.await_state(run, "PAUSED", *FINAL) == "PAUSED", there.output
        time.sleep(LONGER_THAN_ITS_PLACE)
        assert there.state(run) == "PAUSED", there.output
        there.call(f"flow_runs/{run}/resume", {"run_input": retrained.YES})
        assert there.await_state(run, *FINAL) == "COMPLETED", there.output
    (with_second / "prefect.yaml").unlink()  # which the toy's git does not know
    retrained.check_second_champion(with_second)
