import contextlib
import json
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.history import provenance
from operations.process import lock
from operations.project.stages import SINGLE

pytestmark = pytest.mark.usefixtures("api")

NAMES = ["demo@demo", "ingest@demo", "embed@demo", *SINGLE]


@pytest.fixture(scope="module")
def up_to_date(made_toy: Path, tmp_path_factory: pytest.TempPathFactory, api: None) -> tuple[Path, Any]:
    """A toy after `dvc repro` and a run of the flow, and the run's state; for tests that only look."""
    root = Path(shutil.copytree(made_toy, tmp_path_factory.mktemp("up-to-date") / "toy", symlinks=True))
    with contextlib.chdir(root):
        return root, _run_state()


def test_everything_up_to_date(up_to_date: tuple[Path, Any]) -> None:
    """After `dvc repro` no stage is started; the flow knows each artifact by its hash all the same."""
    in_toy, state = up_to_date
    made, states = state.result(), {run.name: run.state_name for run in _task_runs(state)}
    assert [artifact.stage for artifact in made] == NAMES
    assert {artifact.outcome for artifact in made} == {"unchanged"}
    record = provenance.read(in_toy)
    assert (record["flow"], record["outcome"]) == ("pipeline", "completed")
    assert [run["id"] for run in record["prefect"]] == [str(state.state_details.flow_run_id)]
    assert provenance.read(in_toy, record["prefect"][0]["id"]) == record
    assert provenance.read(in_toy, record["prefect"][0]["name"]) == record
    assert sorted(entry["name"] for entry in record["stages"]) == sorted(NAMES)
    assert all((entry["outcome"], entry["why"]) == ("unchanged", []) for entry in record["stages"])
    assert set(states.values()) == {"Cached"}
    lock = yaml.safe_load((in_toy / "dvc.lock").read_text())["stages"]
    assert {artifact.stage: artifact.hash for artifact in made} == {
        name: lock[name]["outs"][0]["md5"] for name in NAMES
    }


def test_a_first_run_and_dvc_agree(in_toy: Path, environment: dict[str, str]) -> None:
    for path in ("dvc.lock", "data/raw", "data/ingested", "data/embedded", "data/deduped", ".dvc/cache"):
        subprocess.run(["rm", "-rf", path], check=True)
    made, states = _run()
    assert set(states.values()) == {"Completed"}
    assert [artifact.stage for artifact in made] == NAMES
    done = subprocess.run(["dvc", "repro"], env=environment, capture_output=True, text=True, check=True)
    assert "Data and pipelines are up to date" in done.stdout
    assert set(_run()[1].values()) == {"Cached"}


def test_a_setting_runs_its_stage_and_those_below(in_toy: Path) -> None:
    made, states = _run(settings={"train": {"batch": 16}}, keep=True)
    assert "batch: 16" in (in_toy / "params.yaml").read_text()
    ran = {artifact.stage for artifact in made if artifact.outcome == "ran"}
    assert ran == {"train", "calibrate", "evaluate", "explain", "model_report"}
    assert states["split"] == "Cached"
    assert states["train"] == "Completed"
    record, told = _told(in_toy)
    assert told["train"]["why"] == ["train.batch: 32 -> 16"]
    assert told["calibrate"]["why"] == ["data/network changed"]
    assert told["train"]["seconds"] > 0
    assert told["train"]["output"] == {"path": "data/network", "md5": _hash(made, "train")}
    assert told["calibrate"]["model"] == json.loads((in_toy / "data/model/model.json").read_text())["digest"]
    assert record["params"]["train"]["batch"] == 16
    assert record["facts"] == {"settings": {"train.batch": 16}, "target": "model_report"}


def test_what_does_not_change_does_not_spread(in_toy: Path, steer: Any) -> None:
    """Dedupe runs and makes what it made before, so those below are left to DVC, which finds nothing to do."""
    steer.words(in_toy, "dedupe", "constant")
    with provenance.recording(in_toy, "retrain") as recorder:
        _run(target="split")
    record, told = _told(in_toy)
    assert (record["id"], record["flow"]) == (recorder.id, "retrain")  # the flow has joined the run around it
    assert [run["flow"] for run in record["prefect"]] == ["pipeline"]
    assert told["dedupe"]["why"] == ['dedupe.words: "" -> constant']
    outcomes = {
        artifact.stage: str(artifact.outcome)
        for artifact in _run(settings={"dedupe": {"on_conflict": "keep_first"}}, keep=True, target="split")[0]
    }
    assert outcomes["dedupe"] == "ran"
    assert outcomes["outliers"] == outcomes["split"] == "unchanged"


def test_a_removed_output_is_restored(in_toy: Path) -> None:
    subprocess.run(["rm", "-r", "data/clean"], check=True)
    made, states = _run(target="split")
    assert {artifact.stage: str(artifact.outcome) for artifact in made}["split"] == "restored"
    assert states["split"] == "Cached"
    assert (in_toy / "data/clean/made.txt").exists()
    told = _told(in_toy)[1]["split"]
    assert told["outcome"] == "restored"
    assert told["why"] == ["its output data/clean is gone", "DVC had its outputs of the same inputs already"]


def test_target_skips_what_comes_after_it(in_toy: Path) -> None:
    made, states = _run(settings={"dedupe": {"on_conflict": "keep_first"}}, keep=True, target="outliers")
    assert [artifact.stage for artifact in made] == NAMES[:5]
    assert [states[name] for name in ("dedupe", "outliers", "split", "train", "evaluate")] == [
        *["Completed"] * 2,
        *["Skipped"] * 3,
    ]
    told = _told(in_toy)[1]
    assert (told["split"]["outcome"], told["split"]["why"]) == ("skipped", ["comes after outliers"])


def test_a_failure_fails_the_flow_and_those_below_do_not_run(in_toy: Path, steer: Any) -> None:
    from operations.pipeline.runner import StageFailedError

    steer.words(in_toy, "dedupe", "fail")
    state = _run_state()
    with pytest.raises(StageFailedError, match="toy: this stage fails"):
        state.result()
    runs = _task_runs(state, final=False)
    states = {run.name.partition("-")[0]: run.state_name for run in runs}  # the name of one that never ran has a suffix
    assert [states[name] for name in ("embed@demo", "dedupe", "outliers")] == ["Cached", "Failed", "NotReady"]
    record, told = _told(in_toy)
    assert record["outcome"] == "failed"
    assert "toy: this stage fails" in record["error"]
    assert (told["dedupe"]["outcome"], told["dedupe"]["why"]) == ("failed", ['dedupe.words: "" -> fail'])
    assert "toy: this stage fails" in told["dedupe"]["error"]
    assert "outliers" not in told


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"train": {"batch": 0}}, "train.batch: .* greater than or equal to 1", id="out of bounds"),
        pytest.param({"nonesuch": {"batch": 1}}, "nonesuch: no such setting", id="unknown"),
    ],
)
def test_the_form_refuses(in_toy: Path, settings: dict[str, Any], message: str) -> None:
    from prefect.exceptions import ParameterTypeError

    before = (in_toy / "params.yaml").read_text()
    with pytest.raises(ParameterTypeError, match=message):
        _run(settings=settings)
    assert (in_toy / "params.yaml").read_text() == before


def test_a_setting_that_params_yaml_lacks_runs_nothing(in_toy: Path) -> None:
    from prefect.exceptions import ParameterTypeError

    text, found = re.subn(r"(?s)(\ntrain:\n.*?)  batch: [^\n]*\n", r"\1", (in_toy / "params.yaml").read_text(), count=1)
    assert found
    (in_toy / "params.yaml").write_text(text)
    with pytest.raises(ParameterTypeError, match=r"train.batch: no such setting"):
        _run(settings={"train": {"batch": 8}}, keep=True)
    assert (in_toy / "params.yaml").read_text() == text


def test_it_waits_for_the_project_s_lock_and_says_so(
    in_toy: Path, environment: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    command = [sys.executable, "-m", "operations.locked", "sleep", "3"]
    other = subprocess.Popen(command, env=environment)
    while not lock.holder(in_toy):
        time.sleep(0.05)
    with caplog.at_level("INFO"):
        _run()
    assert other.poll() == 0
    assert any(message.startswith("waiting for the project's lock") for message in caplog.messages)


def test_summary(up_to_date: tuple[Path, Any]) -> None:
    root, state = up_to_date
    [text], [table] = _artifacts(state, "summary"), _artifacts(state, "stages")
    assert "12 stages: 12 unchanged" in text
    run = provenance.runs(root)[-1]
    assert f"`hemaflow explain {run}` (`data/runs/{run}.json`)" in text
    assert '"stage": "evaluate"' in table


def test_edges_are_those_of_the_project_s_dvc_yaml(up_to_date: tuple[Path, Any]) -> None:
    """What a task takes is what its stage reads; else the image in the UI, and the order, would be wrong."""
    assert _edges(up_to_date[1], NAMES) == _edges_of_dvc(Path(__file__).parents[2])


def test_a_training_waits_for_a_slot_of_the_limit(in_toy: Path) -> None:
    """One that another holds; what does not train is not held up, and it is not at work meanwhile."""
    from flows.server import limits

    limits.set_up()
    context = copy_context()  # Prefect's settings, which a thread would not have
    with ThreadPoolExecutor(1) as pool:
        with limits.slot():
            run = pool.submit(
                context.run,
                _run,
                settings={"train": {"batch": 16}, "dedupe": {"on_conflict": "keep_first"}},
                keep=True,
                target="train",
            )
            while "data_report" not in _told(in_toy)[1]:
                time.sleep(0.1)
            time.sleep(1)
            record, told = _told(in_toy)
            assert (record["at_work"], "train" in told) == ([], False)
        assert run.result()[1]["train"] == "Completed"


def _told(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record of the latest run, and its entries by stage; empty before it begins."""
    record = provenance.read(root) if provenance.runs(root) else {"stages": []}
    return record, {entry["name"]: entry for entry in record["stages"]}


def _hash(made: list[Any], stage: str) -> str:
    return str(next(artifact.hash for artifact in made if artifact.stage == stage))


def _run(**parameters: Any) -> tuple[list[Any], dict[str, str]]:
    """What the flow returned, and the names of its tasks' states."""
    state = _run_state(**parameters)
    return state.result(), {run.name: run.state_name for run in _task_runs(state)}


def _run_state(**parameters: Any) -> Any:
    from flows.pipeline import pipeline

    return pipeline(**parameters, return_state=True)


def _task_runs(state: Any, final: bool = True) -> list[Any]:
    """Read until all are there: states of tasks travel as events."""
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    for _ in range(100):
        with get_client(sync_client=True) as client:
            runs = client.read_task_runs(flow_run_filter=wanted)
        if len(runs) >= len(NAMES) and all(run.state and (run.state.is_final() or not final) for run in runs):
            return runs
        time.sleep(0.1)
    return runs


def _artifacts(state: Any, key: str) -> list[str]:
    """What the run has published under that key."""
    from prefect import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterKey

    wanted = ArtifactFilter(
        key=ArtifactFilterKey(any_=[key]), flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id])
    )
    with get_client(sync_client=True) as client:
        return [str(artifact.data) for artifact in client.read_artifacts(artifact_filter=wanted)]


def _edges(state: Any, names: list[str]) -> set[tuple[str, str]]:
    runs = {run.id: run for run in _task_runs(state)}
    assert sorted(run.name for run in runs.values()) == sorted(names)
    inputs = [(run, source) for run in runs.values() for sources in run.task_inputs.values() for source in sources]
    return {(runs[source.id].name, run.name) for run, source in inputs if source.id in runs}


def _edges_of_dvc(project: Path) -> set[tuple[str, str]]:
    """Writer and reader, for the delivery demo, which is not external, read from the file without DVC."""
    stages = yaml.safe_load((project / "dvc.yaml").read_text())["stages"]
    outs, deps = {}, {}
    for key, stage in stages.items():
        name, body = (f"{key}@demo", stage["do"]) if "foreach" in stage else (key, stage)
        outs[name] = [path.replace("${item}", "demo") for path in body["outs"]]
        deps[name] = [path.replace("${item}", "demo") for path in body["deps"]]
    return {
        (writer, reader)
        for reader, read in deps.items()
        for writer, written in outs.items()
        if {reader, writer} <= set(NAMES) and any(_overlap(path, out) for path in read for out in written)
    }


def _overlap(one: str, other: str) -> bool:
    return Path(one).is_relative_to(other) or Path(other).is_relative_to(one)
