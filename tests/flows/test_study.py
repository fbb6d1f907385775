import json
import logging
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from flows.server import server
from operations.history import provenance
from operations.pipeline import runner, trials
from operations.pipeline.runner import Outcome, StageFailedError
from tests.support import toy_code, toy_project


@pytest.fixture
def studied(in_toy: Path) -> Path:
    """The toy, no trial of whose studies ever ran."""
    return in_toy


def set_params(root: Path, before: str, after: str) -> None:
    text = (root / "studies/params.yaml").read_text()
    assert text.count(before) == 1
    (root / "studies/params.yaml").write_text(text.replace(before, after))


def lines(root: Path, study: str = "ablation") -> dict[str, list[str]]:
    """The table that was written: the figures, as text, of each trial."""
    _, *rows = (root / f"studies/tables/{study}.csv").read_text().splitlines()
    return {row.split(",")[0]: row.split(",")[1:] for row in rows}


class TestCells:
    """What needs no Prefect."""

    def test_all_or_those_that_are_named_in_the_study_s_order(self, studied: Path) -> None:
        assert trials.known(studied, "ablation") == ["one", "two", "three"]
        assert trials.known(studied, "ablation", ["three", "one", "three"]) == ["one", "three"]

    @pytest.mark.parametrize(
        ("study", "names", "message"),
        [
            ("nonesuch", [], "no study 'nonesuch', expected one of backbones, ablation, optimizers"),
            ("ablation", ["one", "four"], "no trial 'four' in ablation, expected one of one, two, three"),
        ],
    )
    def test_what_there_is_not_is_named(self, studied: Path, study: str, names: list[str], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            trials.known(studied, study, names)

    def test_data_that_is_not_there_is_named(self, studied: Path) -> None:
        shutil.rmtree(studied / "data/clean")
        with pytest.raises(ValueError, match=r"data/clean is not there: `make repro` or .*--target split` comes first"):
            trials.check_data(studied, "ablation")

    def test_outcomes_are_told_apart_by_a_trial_s_full_name(self, studied: Path) -> None:
        name, log = trials.address("ablation", "two"), logging.getLogger("test")
        assert name == "studies/dvc.yaml:ablation@two"
        assert runner.run(studied, name, log) == Outcome.RAN
        assert runner.run(studied, name, log) == Outcome.UNCHANGED
        (studied / "studies/results/ablation/two.json").unlink()
        assert runner.run(studied, name, log) == Outcome.RESTORED

    def test_times_of_another_result_are_not_shown(self, studied: Path) -> None:
        for name in ("one", "two"):
            runner.run(studied, trials.address("ablation", name), logging.getLogger("test"))
        file = studied / "data/runs/study-ablation-one.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "result": "of another"}))
        trials.write_tables(studied, "ablation")
        assert [row[12] for row in lines(studied).values()] == ["", "7.0", ""]

    @pytest.mark.parametrize(
        ("visible", "expected"),
        [("", []), ("-1", []), ("0", ["0"]), ("0,1", ["0", "1"]), ("GPU-a, GPU-b", ["GPU-a", "GPU-b"])],
    )
    def test_gpus(self, monkeypatch: pytest.MonkeyPatch, visible: str, expected: list[str]) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert trials.gpus() == expected


@pytest.mark.usefixtures("api")
class TestFlow:
    """The flow, called in this process."""

    def test_runs_once_and_then_what_changed(self, studied: Path) -> None:
        from prefect.artifacts import Artifact

        with redirect_stdout(StringIO()) as out:
            assert _run("ablation") == {"one": "ran", "two": "ran", "three": "ran"}
        assert lines(studied)["two"][:7] == ["0.75", "0.375", "", "", "", "0.125", "0.68"]
        text = (studied / "studies/tables/ablation.md").read_text()
        assert text in out.getvalue()
        assert str(Artifact.get("study-ablation").data) == text
        assert (studied / "studies/tables/ablation.png").stat().st_size > 3000
        assert not (studied / "studies/results/optimizers").exists()
        (studied / "studies/results/ablation/three.json").unlink()
        set_params(studied, "accuracy: 0.75", "accuracy: 0.8")
        state = _run_state("ablation")
        assert state.result() == {"one": "unchanged", "two": "ran", "three": "restored"}
        assert _names_of_states(state, 3) == {"one": "Cached", "two": "Completed", "three": "Cached"}
        assert [row[0] for row in lines(studied).values()] == ["0.5", "0.8", "1.0"]
        first, last = (provenance.read(studied, run) for run in provenance.runs(studied))
        assert last["facts"] == {"study": "ablation", "trials": ["one", "two", "three"]}
        assert {entry["name"]: entry["why"] for entry in first["stages"]}["ablation@two"] == ["never ran before"]
        told = {entry["name"]: (entry["outcome"], entry["why"]) for entry in last["stages"]}
        assert told["ablation@one"] == ("unchanged", [])
        assert told["ablation@two"] == ("ran", ["studies/params.yaml:ablation.two.accuracy: 0.75 -> 0.8"])
        assert told["ablation@three"][0] == "restored"

    def test_a_trial_alone_and_the_others_missing_or_stale_in_the_table(self, studied: Path) -> None:
        assert _run("ablation", trials=["one"]) == {"one": "ran"}
        assert [row[0] for row in lines(studied).values()] == ["0.5", "", ""]
        set_params(studied, "accuracy: 0.5}", "accuracy: 0.6}")
        assert _run("ablation", trials=["two"]) == {"two": "ran"}
        assert [row[0] for row in lines(studied).values()] == ["", "0.75", ""], "a result of other settings is shown"

    def test_a_failed_trial_stops_no_other(self, studied: Path) -> None:
        set_params(studied, "one: {accuracy: 0.5}", "one: {}")
        said = r"^ablation: 1 of 3 trials failed:\n  one: no ImageNet weights here$"
        # Not capsys: Prefect keeps the standard error of the first flow that it logs.
        with redirect_stdout(StringIO()) as out, pytest.raises(StageFailedError, match=said):
            _run("ablation")
        assert [row[0] for row in lines(studied).values()] == ["", "0.75", "1.0"]
        assert "| one | – |" in out.getvalue()

    def test_what_there_is_not_runs_nothing(self, studied: Path) -> None:
        with pytest.raises(ValueError, match="no trial 'four' in ablation"):
            _run("ablation", trials=["one", "four"])
        assert not (studied / "studies/results").exists()

    def test_data_that_is_behind_is_told(self, studied: Path, steer: Any, caplog: pytest.LogCaptureFixture) -> None:
        steer.words(studied, "dedupe", "other")
        with caplog.at_level("WARNING"):
            assert _run("optimizers") == {"one": "ran"}
        told = [message for message in caplog.messages if message.startswith("trained on data as it is")]
        assert told == ["trained on data as it is, though not up to date are: dedupe, outliers, split"]

    def test_the_limit_is_set_held_and_given_back(self, studied: Path) -> None:
        from prefect import get_client

        from flows.server.limits import GPU, SLOTS

        (studied / "study.py").write_text(toy_code.STUDY + PEEK)
        _run("optimizers")
        assert (studied / "held").read_text() == "1", "a trial runs without a slot"
        with get_client(sync_client=True) as client:
            limit = client.read_global_concurrency_limit_by_name(GPU)
        assert (limit.limit, limit.active_slots) == (SLOTS, 0)


# Asks Prefect's server, as the stage would never do, how many slots are taken while it runs.
PEEK = """
import os, urllib.request
url = os.environ["TEST_API"] + "/v2/concurrency_limits/gpu"
pathlib.Path("held").write_text(str(json.load(urllib.request.urlopen(url))["active_slots"]))
"""


@pytest.fixture(autouse=True)
def _tells_its_address(prefect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_API", prefect.api)


@pytest.mark.server
def test_the_verb(studied: Path, environment: dict[str, str], prefect: Any) -> None:
    prefect.give_database(studied)
    _leave_a_slot_taken(studied)
    done = _verb(studied, environment, "ablation", "--trial", "two", "--trial", "one")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## Study ablation\n\n| trial |")
    assert "| two | 0.750 |" in done.stdout
    assert "| three | – |" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nonesuch"], f"no study 'nonesuch', expected one of {', '.join(toy_project.STUDIES)}\n"),
        (["ablation", "--trial", "four"], "no trial 'four' in ablation, expected one of one, two, three\n"),
    ],
)
def test_mistakes_are_told_in_a_line_and_start_no_server(
    studied: Path, environment: dict[str, str], words: list[str], message: str
) -> None:
    done = _verb(studied, environment, *words)
    assert (done.returncode, done.stderr) == (1, message)
    assert not (studied / server.STATE).exists()


def _verb(root: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hemaflow", "study", *words]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)


def _leave_a_slot_taken(root: Path) -> None:
    """As a server does that is killed in mid-run: the count is in the database, the lease was in its memory."""
    with closing(sqlite3.connect(root / "data/.state/prefect/prefect.db")) as database:
        database.execute("DELETE FROM concurrency_limit_v2")
        database.execute(
            'INSERT INTO concurrency_limit_v2 (id, name, active, "limit", active_slots, denied_slots, '
            "slot_decay_per_second, avg_slot_occupancy_seconds) VALUES "
            "('6f3c2f0e-0000-4000-8000-000000000000', 'gpu', 1, 1, 1, 0, 0.0, 2.0)"
        )
        database.commit()


def _run(name: str, **parameters: Any) -> Any:
    return _run_state(name, **parameters).result()


def _run_state(name: str, **parameters: Any) -> Any:
    from flows.study import study

    return study(name, **parameters, return_state=True)


def _names_of_states(state: Any, number: int) -> dict[str, str]:
    """Read until all are there: states of tasks travel as events."""
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    for _ in range(100):
        with get_client(sync_client=True) as client:
            runs = client.read_task_runs(flow_run_filter=wanted)
        if len(runs) == number and all(run.state and run.state.is_final() for run in runs):
            break
        time.sleep(0.1)
    return {run.name: run.state_name for run in runs}
