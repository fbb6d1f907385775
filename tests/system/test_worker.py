"""The deployments of prefect.yaml, worked off by a worker: the commands of docs/deploying.md as they stand there."""

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
from flows.server import lease
from tests.docs.pages import PAGES, commands
from tests.support import retrained
from tests.support.served import FINAL, OUTPUT, Served, serving

HERE = Path(__file__).parents[2]
COMMANDS = commands(PAGES["docs/deploying.md"])
LONGER_THAN_ITS_PLACE = 300.0
"""Prefect's server gives a paused run's place of the deployment away before that, and the client ends the run."""

pytestmark = [pytest.mark.long, pytest.mark.server]


@contextmanager
def worked(root: Path, environment: dict[str, str], prefect: Any) -> Iterator[Served]:
    """A server, the deployments in a pool, and a worker, until the block is left."""
    server, export, deploy, worker = COMMANDS[:4]
    assert server.startswith("hemaflow serve ")
    assert export == "export PREFECT_API_URL=http://127.0.0.1:4200/api"
    shutil.copy(HERE / "prefect.yaml", root)
    prefect.give_database(root)
    with serving(root, environment, *server.split()[2:]) as served:
        env = {**environment, "PREFECT_API_URL": served.api}
        subprocess.run(deploy, shell=True, cwd=root, env=env, check=True, timeout=240)
        with (root / OUTPUT).open("ab") as output:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {worker}"], cwd=root, env=env, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            yield served
        finally:
            process.terminate()
            process.wait(timeout=60)


def test_it_runs_the_pipeline(toy: Path, environment: dict[str, str], prefect: Any) -> None:
    with worked(toy, environment, prefect) as there:
        known = {each["name"]: each["work_pool_name"] for each in there.call("deployments/filter", {})}
        assert known == dict.fromkeys((each.name for each in deployments.deployments()), "hemaflow")
        run = there.trigger("pipeline", target="split")
        assert there.await_state(run, *FINAL) == "COMPLETED", there.output
        assert set(there.tasks(run).values()) == {"Cached", "Skipped"}
        held = lease.latest(there.api)
        assert held is not None
        assert held.holder["path"] == str(toy.resolve())
        other = shutil.copytree(toy, toy.parent / "other", symlinks=True)
        command = [sys.executable, "-m", "hemaflow", "worker"]
        env = {**environment, "PREFECT_API_URL": there.api}
        second = subprocess.run(command, cwd=other, env=env, capture_output=True, text=True, timeout=240)
        assert second.returncode == 1
        assert "for another folder" in second.stderr


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
