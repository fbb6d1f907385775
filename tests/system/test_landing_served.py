"""A training works, on a toy that is being served, and deliveries land: they are told of at once, and join the next."""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from operations.deliveries import waiting
from operations.project import listing
from tests.support.served import FINAL, Served, serving

pytestmark = [pytest.mark.server, pytest.mark.long]

PNG = b"\x89PNG\r\n\x1a\n"
TRAINING, SOON = 100, 60.0


@pytest.fixture
def project(made_toy: Path, tmp_path: Path, environment: dict[str, str], prefect: Any) -> Path:
    """A toy in git."""
    root = Path(shutil.copytree(made_toy, tmp_path / "toy", symlinks=True))
    prefect.give_database(root)
    who = ["-c", "user.name=toy", "-c", "user.email=toy"]
    for words in (["add", "-A"], ["commit", "-q", "-m", "Toy"]):
        subprocess.run(["git", *who, *words], cwd=root, env=environment, check=True)
    return root


def test_while_a_training_works(project: Path, environment: dict[str, str]) -> None:
    with serving(project, environment) as served:
        run = served.in_training(f"sleep {TRAINING}")
        dropped = time.monotonic()
        _drop(served, "bad", "blast")
        _drop(served, "good", "ig", "platelet")
        _await(lambda: (project / "data/incoming/quarantine/bad-1/reason.txt").exists(), "not put aside")
        print(f"put aside after {time.monotonic() - dropped:.1f} s", flush=True)
        _await(lambda: _emitted(served, "good"), "no event")
        print(f"accepted, with its event, after {time.monotonic() - dropped:.1f} s", flush=True)
        done = served.verb("add", str(_cells(project.parent / "desk", "desk", "ig", "platelet")))
        assert done.stdout.startswith("accepted 'desk': 2 images (ig 1, platelet 1)"), done.stdout + done.stderr
        assert served.state(run) == "RUNNING", "all of that while the training works"
        assert (waiting.names(project), listing.names(project)) == (["good", "desk"], ["demo"])
        assert _looks(served) <= {"COMPLETED", "RUNNING", "PENDING", "SCHEDULED"}, "none gives way to the training"
        assert served.await_state(run, *FINAL, seconds=TRAINING + 60) == "COMPLETED"
        _await(lambda: listing.names(project) == ["demo", "good", "desk"], "not listed", 120)
        _await(lambda: _retrained(served), served.output, 300)
    assert waiting.names(project) == []
    assert all(f"ingest@{name}" in (project / "dvc.lock").read_text() for name in ("good", "desk"))


def _drop(served: Served, name: str, *labels: str) -> None:
    _cells(served.root / "data/incoming" / name, name, *labels)
    (served.root / "data/incoming" / f"{name}.complete").touch()


def _cells(folder: Path, salt: str, *labels: str) -> Path:
    for label in labels:
        (folder / label).mkdir(parents=True)
        (folder / label / "a.png").write_bytes(PNG + f"{salt} {label}".encode())
    return folder


def _emitted(served: Served, name: str) -> bool:
    wanted = {"filter": {"resource": {"id": [f"hemaflow.delivery.{name}"]}}}
    return bool(served.call("events/filter", wanted)["events"])


def _looks(served: Served) -> set[str]:
    return {run["state_type"] for run in _runs(served, "watch") if run["state_type"] != "SCHEDULED"}


def _retrained(served: Served) -> bool:
    """A retraining was started by the delivery, and has ended well."""
    states = [run["state_type"] for run in _runs(served, "retrain") if run["parameters"].get("deliveries")]
    return bool(states) and set(states) == {"COMPLETED"}


def _runs(served: Served, flow: str) -> list[Any]:
    return list(served.call("flow_runs/filter", {"flows": {"name": {"any_": [flow]}}}))


def _await(condition: Callable[[], bool], message: str, seconds: float = SOON) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, message
        time.sleep(0.5)
