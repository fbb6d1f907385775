import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.history import provenance
from operations.history.provenance import recording
from tests.support import recorded

KILLED = """
import sys, time
from pathlib import Path
from operations.history.provenance import recording
with recording(Path(sys.argv[1]), "pipeline") as recorder:
    recorder.at_work("train")
    print(recorder.id, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with deliveries, settings and a lock."""
    return recorded.project(tmp_path)


@pytest.fixture
def child(project: Path, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that records a run, and the run's id."""
    command = [sys.executable, "-c", KILLED, str(project)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def test_a_run_whose_process_is_killed_did_not_end(project: Path, child: tuple[subprocess.Popen[str], str]) -> None:
    process, run = child
    assert provenance.read(project, run)["outcome"] == "running"
    process.kill()
    process.wait()
    record = provenance.read(project, run)
    assert (record["outcome"], record["end"], record["at_work"]) == ("did not end", None, ["train"])
    with recording(project, "x") as recorder:
        assert _names(project / "data/.state/runs") == [recorder.id]  # what the killed one left is gone
        assert provenance.read(project, run)["outcome"] == "did not end"
    assert _names(project / "data/.state/runs") == []


def _names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def test_another_s_run_is_left_alone(project: Path, child: tuple[subprocess.Popen[str], str]) -> None:
    run = child[1]
    with recording(project, "x"):
        pass
    assert provenance.read(project, run)["outcome"] == "running"


def test_state_that_somebody_deleted_breaks_nothing(project: Path) -> None:
    with recording(project, "x"):
        subprocess.run(["rm", "-r", str(project / "data/.state")], check=True)
    assert provenance.read(project)["outcome"] == "completed"
