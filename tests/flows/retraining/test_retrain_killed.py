"""Retrainings that are killed, and many at once, in processes of their own."""

import contextlib
import signal
from pathlib import Path
from typing import Any

import pytest

from operations.deliveries import add_remove
from operations.git import repository
from operations.project import listing
from tests.support.retrained import BETTER, check_second_champion, images, retrained

pytestmark = [pytest.mark.usefixtures("api"), pytest.mark.long]

# Runs the flow until it calls what is named, and is killed there.
KILLED = """
import os, signal, sys
from importlib import import_module
module, name = sys.argv[1].split(":")
setattr(import_module(module), name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
from flows.retrain import retrain
retrain()
"""
RUN = "from flows.retrain import retrain; print(retrain(return_state=True).name)"


@pytest.mark.parametrize(
    ("place", "outcome"),
    [
        pytest.param("flows.retraining.retrain_steps:trained", "promoted", id="before the training"),
        pytest.param("flows.retraining.retrain_steps:judged", "promoted", id="before the gate"),
        pytest.param("flows.retraining.retrain_steps:committed", "promoted", id="after the gate"),
        pytest.param("flows.retraining.retrain_steps:promoted_or_kept", "promoted", id="after the commit of the data"),
        pytest.param("operations.registry.switch:_finish", "unchanged", id="in the middle of the promotion"),
        pytest.param("operations.retraining.decided:note", "unchanged", id="after the promotion"),
        pytest.param("flows.retraining.retrain_tasks:push", "unchanged", id="before the push"),
    ],
)
def test_the_next_run_makes_up_for_one_that_was_killed(with_second: Path, child: Any, place: str, outcome: str) -> None:
    killed = child(KILLED, place)
    assert killed.wait() == -signal.SIGKILL
    assert retrained().outcome == outcome
    check_second_champion(with_second)
    assert retrained().outcome == "unchanged"
    check_second_champion(with_second)


def test_a_run_that_is_killed_in_mid_training_leaves_no_stage_behind(
    with_second: Path, child: Any, steer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steer.words(with_second, "train", f"sleep 60 {BETTER}")
    killed = child(RUN)
    steer.await_ticks(with_second)
    killed.kill()
    with contextlib.chdir("/"):  # this process is none of them
        steer.await_no_process(with_second)
    # As with a server of the checkout's own: the slot that the killed training held is free at once, not in minutes.
    monkeypatch.setenv("PREFECT_HOME", str(with_second / "data/.state/prefect"))
    steer.words(with_second, "train", BETTER)
    assert retrained().outcome == "promoted"
    check_second_champion(with_second)


def test_many_at_once(with_second: Path, child: Any, tmp_path: Path) -> None:
    """One works, at most one waits, the others end; what landed while they came is taken in."""
    runs = [child(RUN) for _ in range(5)]
    add_remove.add(with_second, images(tmp_path / "third", seed=9), "third")
    runs += [child(RUN) for _ in range(3)]
    names = [run.communicate()[0].split()[-1] for run in runs]
    assert [run.returncode for run in runs] == [0] * len(runs)
    assert set(names) <= {"Completed", "Unchanged", "Collapsed"}
    assert 1 <= names.count("Completed") <= 2
    assert names.count("Collapsed") >= 3
    assert b'"third"' in (repository.show(with_second, "HEAD", listing.FILE) or b"")
    assert repository.changed(with_second) == ["params.yaml"]
