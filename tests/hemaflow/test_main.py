import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def _flows(root: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hemaflow", *words]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)


def test_help_lists_every_verb_and_loads_nothing_heavy(toy: Path, environment: dict[str, str]) -> None:
    code = "import sys; from hemaflow.__main__ import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=toy, env=environment, capture_output=True, text=True)
    text, _, modules = done.stdout.rstrip().rpartition("\n")
    for verb in (
        "add",
        "remove",
        "hold",
        "release",
        "pipeline",
        "experiments",
        "apply",
        "retrain",
        "explain",
        "champion",
        "promote",
        "rollback",
        "lineage",
        "serve",
    ):
        assert f"\n  {verb} " in text
    assert not {"prefect", "dvc", "pandas", "pydantic_settings", "ruamel", "numpy"} & set(modules.split())


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        pytest.param(["nonesuch"], 2, "No such command 'nonesuch'", id="unknown verb"),
        pytest.param(["remove", "nonesuch"], 1, "no delivery 'nonesuch', expected one of demo", id="unknown name"),
        pytest.param(["add", "/nonesuch"], 1, "/nonesuch", id="no such path"),
        pytest.param(["pipeline", "--set", "bacth=3"], 1, "bacth: no such setting", id="unknown setting"),
        pytest.param(["pipeline", "--target", "x"], 2, "'x' is not one of 'demo', 'ingest'", id="unknown target"),
        pytest.param(["serve", "--host", "0.0.0.0"], 1, "--host 0.0.0.0", id="open to the world without a password"),
    ],
)
def test_mistakes_are_told_in_a_line(
    toy: Path, environment: dict[str, str], words: list[str], code: int, message: str
) -> None:
    done = _flows(toy, environment, *words)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert code == 2 or done.stderr.count("\n") == 1


def test_outside_a_project(tmp_path: Path, environment: dict[str, str]) -> None:
    done = _flows(tmp_path, environment, "remove", "demo")
    assert done.returncode == 1
    assert done.stderr.startswith("no dvc.yaml in ")
    assert list(tmp_path.iterdir()) == []


def test_a_project_with_code_of_its_own_is_refused(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "hemaflow").mkdir()
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "hemaflow/__main__.py").touch()
    code = "import sys; sys.path.pop(0); from hemaflow.__main__ import app; app(['champion'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    here = Path(__file__).parents[2]
    assert done.stderr.startswith(
        f"the project in {tmp_path} has code of its own, and this `hemaflow` runs that in {here}"
    )
    assert done.stderr.count("\n") == 1


def test_help_groups_the_verbs(toy: Path, environment: dict[str, str]) -> None:
    listed = re.split(r"\n(\w+):\n", _flows(toy, environment, "--help").stdout)[1:]
    groups = {
        title: re.findall(r"^  (\S+)", verbs, re.M) for title, verbs in zip(listed[::2], listed[1::2], strict=True)
    }
    assert list(groups) == ["Options", "Data", "Pipeline", "Models", "Operations"]
    assert {"add", "review"} <= {*groups["Data"]}
    assert groups["Models"][-1] == "export"
    assert groups["Operations"][-1] == "remote"


@pytest.mark.server
def test_pipeline_needs_no_server_and_leaves_the_home_alone(
    toy: Path, tmp_path: Path, environment: dict[str, str], steer: Any, prefect: Any
) -> None:
    prefect.give_database(toy)
    # A home of its own: where PREFECT_API_URL is set, as other tests do, Prefect keeps its state in the user's.
    environment = {**environment, "HOME": str(tmp_path / "home")}
    (tmp_path / "home").mkdir()
    done = _flows(toy, environment, "pipeline")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "12 stages: 12 unchanged\n"
    assert "ERROR" not in done.stderr
    assert "error" not in (toy / "data/.state/prefect/server.log").read_text().lower()
    assert list(Path(environment["HOME"]).glob(".prefect*")) == []
    _fails_in_a_few_lines(toy, environment, steer)
    _is_interrupted(toy, environment, steer)


def _fails_in_a_few_lines(toy: Path, environment: dict[str, str], steer: Any) -> None:
    steer.words(toy, "dedupe", "fail")
    done = _flows(toy, environment, "pipeline")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "toy: this stage fails" in done.stderr
    steer.words(toy, "dedupe", "")


def _is_interrupted(toy: Path, environment: dict[str, str], steer: Any) -> None:
    """Ctrl-C: exit code 130, the stage and the server end, and DVC works at once."""
    steer.words(toy, "train", "sleep 60")
    process = subprocess.Popen([sys.executable, "-m", "hemaflow", "pipeline"], cwd=toy, env=environment)
    steer.await_ticks(toy)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    steer.await_no_process(toy)
    steer.words(toy, "train", "")
    subprocess.run(["dvc", "repro", "-q"], cwd=toy, env=environment, check=True)
