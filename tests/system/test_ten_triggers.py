"""Ten retrainings asked for within a second, of a toy that is being served."""

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from operations.landing import landing_zone
from operations.project import listing
from tests.support.served import FINAL, Served, serving

pytestmark = [pytest.mark.server, pytest.mark.long]

PNG = b"\x89PNG\r\n\x1a\n"
TRIGGERS = 10


@pytest.fixture
def project(made_toy: Path, tmp_path: Path, environment: dict[str, str], prefect: Any) -> Path:
    """A toy in git, with ten deliveries in its drop folder."""
    root = Path(shutil.copytree(made_toy, tmp_path / "toy", symlinks=True))
    prefect.give_database(root)
    who = ["-c", "user.name=toy", "-c", "user.email=toy"]
    for words in (["add", "-A"], ["commit", "-q", "-m", "Toy"]):
        subprocess.run(["git", *who, *words], cwd=root, env=environment, check=True)
    for number in range(TRIGGERS):
        folder = root / f"data/incoming/batch{number}"
        for label in ("ig", "platelet"):
            (folder / label).mkdir(parents=True)
            (folder / label / "a.png").write_bytes(PNG + f"{number} {label}".encode())
        (folder / ".complete").touch()
    return root


def test_one_works_one_waits_and_none_is_dropped(project: Path, environment: dict[str, str], steer: Any) -> None:
    steer.words(project, "dedupe", "sleep 30")
    with serving(project, environment) as served:
        deployment = served.deployment("retrain")["id"]
        begin = time.monotonic()
        runs = [_trigger(served, deployment, number) for number in range(TRIGGERS)]
        assert time.monotonic() - begin < 5
        at_work = _await_all(served, runs)
        states = [served.call(f"flow_runs/{run}")["state"] for run in runs]
    names = [state["name"] for state in states]
    assert set(names) <= {"Completed", "Unchanged", "Collapsed"}, states
    assert names.count("Collapsed") >= 1
    assert "Completed" in names
    assert max(at_work) <= 3, "more processes than one that works, one that waits and one that comes to see that"
    assert {f"batch{number}" for number in range(TRIGGERS)} <= set(listing.names(project))
    assert landing_zone.entries(project / "data/incoming") == []


def _trigger(served: Served, deployment: str, number: int) -> str:
    body = {"parameters": {"deliveries": [f"batch{number}"]}}
    return str(served.call(f"deployments/{deployment}/create_flow_run", body)["id"])


def _await_all(served: Served, runs: list[str]) -> list[int]:
    """Until all have ended; of each look, how many were running."""
    until, running = time.monotonic() + 400, []
    wanted = {"flow_runs": {"id": {"any_": runs}}}
    while True:
        states = [run["state_type"] for run in served.call("flow_runs/filter", wanted)]
        running.append(states.count("RUNNING"))
        if len(states) == len(runs) and set(states) <= FINAL:
            return running
        assert time.monotonic() < until, states
        time.sleep(0.5)
