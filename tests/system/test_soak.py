"""A day in small: fifty deliveries land one after the other on a toy that is being served, and things go wrong."""

import json
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from operations.clean_up import clean_up
from operations.git import repository
from operations.landing import folders, landing_zone
from operations.pipeline import plan
from operations.project import listing
from operations.registry import champion
from operations.storage import remote
from tests.support import toy_project
from tests.support.served import FINAL, Served, serving

pytestmark = [pytest.mark.server, pytest.mark.long]

NUMBER, EVERY_SECONDS, PATIENCE = 50, 4.0, 1800
PNG = b"\x89PNG\r\n\x1a\n"
WHO = ["-c", "user.name=toy", "-c", "user.email=toy"]
FAULTY = {11, 29, 43}
"""Entries that are no delivery."""
COPIES = {17: 3, 37: 20}
"""Entries with the content of an earlier one."""


@pytest.fixture
def project(made_toy: Path, tmp_path: Path, environment: dict[str, str], prefect: Any) -> Path:
    root = Path(shutil.copytree(made_toy, tmp_path / "toy", symlinks=True))
    prefect.give_database(root)
    for words in (["git", "add", "-A"], ["git", *WHO, "commit", "-q", "-m", "Toy"]):
        subprocess.run(words, cwd=root, env=environment, check=True)
    remote.add(root, str(tmp_path / "remote"))
    return root


def test_nothing_is_lost_nor_doubled(project: Path, environment: dict[str, str], steer: Any, tmp_path: Path) -> None:
    faults: dict[int, Callable[[Served], None]] = {8: _kill_run, 14: _kill_server, 33: _kill_run, 40: _kill_server}
    begun = _disk(project)
    with serving(project, environment) as served:
        for number in range(NUMBER // 2):
            _land(served, number, faults)
            if number == 20:
                steer.words(project, "train", "skill 0.95")
    # The night: served no more, in the middle of what there was to do.
    with serving(project, environment) as served:
        for number in range(NUMBER // 2, NUMBER):
            _land(served, number, faults)
        _await_rest(served)
        for flow, parameters in (("study", {"name": "ablation"}), ("retrain", {})):
            run = served.trigger(flow, **parameters)
            assert served.await_state(run, *FINAL, seconds=PATIENCE) == "COMPLETED", flow
    _all_are_there(project)
    _history_is_sound(project, environment)
    _disk_is_explained(project, begun)


def _land(served: Served, number: int, faults: dict[int, Callable[[Served], None]]) -> None:
    incoming = served.root / "data/incoming"
    incoming.mkdir(exist_ok=True)
    if number in FAULTY:
        (incoming / f"batch{number}.zip").write_bytes(b"PK no more")
        (incoming / f"batch{number}.zip.complete").touch()
    else:
        _pack(incoming / f"batch{number}.zip", COPIES.get(number, number))
        (incoming / f"batch{number}.zip.complete").touch()
    time.sleep(EVERY_SECONDS)
    if number in faults:
        faults[number](served)


def _pack(file: Path, number: int) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for label in ("ig", "platelet"):
            for k in range(4):
                member = zipfile.ZipInfo(f"{label}/{k}.png")
                archive.writestr(member, PNG + f"{number} {label} {k}".encode())


def _kill_run(served: Served) -> None:
    """A flow run at work, if there is one by then."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(AssertionError, ProcessLookupError):
            served.run_process().send_signal(signal.SIGKILL)
            return
        time.sleep(0.2)
    raise AssertionError("nothing is at work")


def _kill_server(served: Served) -> None:
    served.server_process().send_signal(signal.SIGKILL)


def _await_rest(served: Served) -> None:
    """Until nothing is left in the drop folder and no retraining is on its way."""
    until = time.monotonic() + PATIENCE
    wanted = {
        "flows": {"name": {"any_": ["retrain"]}},
        "flow_runs": {"state": {"type": {"any_": ["PENDING", "RUNNING"]}}},
    }
    while landing_zone.entries(served.root / folders.INCOMING) or _count(served, wanted):
        assert time.monotonic() < until, served.output[-3000:]
        time.sleep(1)


def _count(served: Served, wanted: dict[str, Any]) -> int:
    try:
        return int(served.call("flow_runs/count", wanted))
    except OSError:  # the server is being started again
        return 1


def _all_are_there(root: Path) -> None:
    good = [f"batch{k}" for k in range(NUMBER) if k not in FAULTY and k not in COPIES]
    names = listing.names(root)
    assert sorted(names) == sorted(["demo", *good])
    for name in good:
        assert len(list((root / "data/raw" / name).rglob("*.png"))) == 8, name
    # The broken ones have the same bytes, which are kept once.
    assert _aside(root) == {"batch11.zip": "Quarantined", "batch17.zip": "Known", "batch37.zip": "Known"}
    assert plan.stale(root) == set()


def _aside(root: Path) -> dict[str, str]:
    """How each entry that lies there first came to it."""
    places = (root / folders.INCOMING / landing_zone.QUARANTINE).iterdir()
    return {
        place.name.rpartition("-")[0]: json.loads((place / "reason.json").read_text())["outcome"] for place in places
    }


def _history_is_sound(root: Path, environment: dict[str, str]) -> None:
    """Git has every delivery and every champion once, the checkout is clean, and the remote has it all."""
    listed = repository.show(root, "HEAD", "data/deliveries.yaml")
    assert listed == (root / "data/deliveries.yaml").read_bytes()
    assert set(repository.changed(root)) <= {".dvc/config", "params.yaml", "studies/dvc.lock"}
    assert len(list((root / "studies/results/ablation").iterdir())) == len(toy_project.TRIALS["ablation"])
    tags = repository.tags(root, "champion/*")
    assert tags == [f"champion/{k + 1}" for k in range(len(tags))]
    assert len(tags) >= 2
    now = champion.current(root)
    assert now is not None
    assert now.tag == tags[-1]
    assert remote.not_backed_up(root) == []


def _disk_is_explained(root: Path, begun: dict[str, int]) -> None:
    """What grew is what stages made of each state of the data; clean-up leaves what the champions and HEAD need."""
    grown = _disk(root)
    print("bytes at the start", begun, "after", grown)
    clean_up(root)
    swept = _disk(root)
    print("bytes after clean-up", swept)
    assert swept["cache"] < grown["cache"]
    for tag in repository.tags(root, "champion/*"):
        pointer = repository.show(root, tag, str(champion.POINTER))
        assert pointer is not None
        (root / champion.POINTER).write_bytes(pointer)
        subprocess.run(["dvc", "checkout", "-q", str(champion.POINTER)], cwd=root, check=True)
    assert plan.stale(root) == set()


def _disk(root: Path) -> dict[str, int]:
    places = {
        "cache": ".dvc/cache",
        "state": "data/.state",
        "runs": "data/runs",
        "quarantine": "data/incoming/quarantine",
    }
    return {
        name: sum(f.stat().st_size for f in (root / place).rglob("*") if f.is_file()) for name, place in places.items()
    }
