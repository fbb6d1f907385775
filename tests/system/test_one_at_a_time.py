"""While a served run is in mid-stage, whatever else writes waits for it. Against a real server."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from operations.process import lock
from tests.support.served import FINAL, Served, shared

pytestmark = pytest.mark.server

HERE = Path(__file__).parents[2]
MAKE_REPRO = ["python", "-m", "operations.locked", "dvc", "repro"]
"""As the Makefile has it."""
PATIENCE = 240


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest) -> Served:
    return shared(request)


def test_the_makefile_takes_the_lock() -> None:
    lines = (HERE / "Makefile").read_text().splitlines()
    assert f"\t@{' '.join(MAKE_REPRO)}" in lines[lines.index("repro: install") :]


@pytest.mark.long
def test_while_a_run_works_verbs_and_make_repro_wait_and_bare_dvc_is_refused(
    served: Served, environment: dict[str, str], steer: Any
) -> None:
    run = served.in_training("sleep 600 alone")
    holder = f"pid {served.run_process().pid}: pipeline"
    assert lock.holder(served.root) == holder
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    commands = [
        [sys.executable, *MAKE_REPRO[1:]],
        [sys.executable, "-m", "hemaflow", "remove", "demo"],
        [sys.executable, "-m", "hemaflow", "pipeline"],
    ]
    waiting = [subprocess.Popen(each, cwd=served.root, env=environment, **pipes) for each in commands]
    bare = subprocess.run(["dvc", "repro", "train"], cwd=served.root, env=environment, capture_output=True, text=True)
    assert bare.returncode != 0
    assert "is busy" in bare.stderr
    for each in waiting:
        await_line(each, f"waiting for the project's lock (data/.state/lock), held by {holder}")
    waiting[1].send_signal(signal.SIGINT)  # a removed delivery would change the toy
    waiting[1].communicate(timeout=PATIENCE)
    assert "demo" in (served.root / "data/deliveries.yaml").read_text()
    assert served.state(run) == "RUNNING", "all of that while the training works"
    steer.wake(served.root)
    assert served.await_state(run, *FINAL) == "COMPLETED"
    assert "up to date" in waiting[0].communicate(timeout=PATIENCE)[0]
    waiting[2].communicate(timeout=PATIENCE)
    assert [each.returncode for each in (waiting[0], waiting[2])] == [0, 0]


def await_line(process: subprocess.Popen[str], words: str) -> None:
    said = []
    for line in process.stdout or ():
        said.append(line)
        if words in line:
            return
    raise AssertionError("".join(said))
