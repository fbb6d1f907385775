import json
import platform
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from operations.history import facts, provenance
from operations.history.provenance import recording
from tests.support import recorded
from tests.support.recorded import COMMIT, lock, shell


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with deliveries, settings and a lock."""
    return recorded.project(tmp_path)


def test_what_a_run_stands_on(project: Path) -> None:
    with recording(project, "pipeline") as recorder:
        record = json.loads(recorder.path.read_text())
        assert (record["outcome"], record["end"]) == ("running", None)
        assert provenance.read(project)["outcome"] == "running"
    record = provenance.read(project)
    assert record["flow"] == "pipeline"
    assert record["outcome"] == "completed"
    assert record["start"] < record["end"]
    assert record["id"] == recorder.id == recorder.path.stem
    assert record["deliveries"] == [
        {"name": "d", "md5": "cc.dir", "digest": None, "images": 9},
        {"name": "007", "md5": "aa.dir", "digest": "bb", "images": 40},
    ]
    assert record["params"] == recorded.PARAMS
    assert record["params_sha256"] == facts.digest(project / "params.yaml")
    assert record["seeds"] == {"train.seed": 3, "train.augment.seed": 4, "gate.seed": 0}
    assert record["dvc_lock"]["start"] == record["dvc_lock"]["end"] == facts.digest(project / "dvc.lock")
    libraries = record["libraries"]
    assert libraries["python"] == platform.python_version()
    assert all(libraries[name] for name in ("tensorflow", "keras", "numpy", "dvc", "prefect", "faiss", "pillow"))
    assert record["hardware"]["cores"] >= 1
    assert record["hardware"]["memory_mib"] > 100
    assert platform.node() not in recorder.path.read_text()


def test_what_a_run_changes_is_noted_as_it_is_then(project: Path) -> None:
    """Settings, and deliveries that came, when it takes stock; what it drew, at its end."""
    with recording(project, "pipeline") as recorder:
        (project / "params.yaml").write_text("train: {seed: 9}")
        (project / "data/deliveries.yaml").write_text('deliveries: ["d"]\ndrawn: ["d"]')
        recorder.take_stock()
        lock(project, "dd.dir")
    record = provenance.read(project)
    assert record["seeds"] == {"train.seed": 9}
    assert record["deliveries"] == [{"name": "d", "md5": "dd.dir", "digest": None, "images": 9}]
    assert record["dvc_lock"]["start"] != record["dvc_lock"]["end"] == facts.digest(project / "dvc.lock")


def test_what_moved_on_while_a_run_waited_is_noted_until_its_first_stage(
    project: Path, environment: dict[str, str]
) -> None:
    shell(project, "git init -q; git add .", COMMIT, env=environment)
    with recording(project, "retrain") as recorder:
        first = provenance.read(project)["git"]
        (project / "params.yaml").write_text("train: {seed: 9}")
        recorder.take_stock()
        assert provenance.read(project)["git"] == first  # what the run itself changes is no edit that it found
        lock(project, "dd.dir")
        shell(project, "git add .", COMMIT, env=environment)
        recorder.take_stock()
        second = provenance.read(project)
        assert second["git"]["commit"] != first["commit"]
        assert second["dvc_lock"]["start"] == facts.digest(project / "dvc.lock")
        recorder.stage("ingest@d", "ran", [], 1)
        lock(project, "ee.dir")
        shell(project, "git add .", COMMIT, env=environment)
        recorder.take_stock()
    record = provenance.read(project)
    assert record["git"] == second["git"]
    assert record["dvc_lock"]["start"] == second["dvc_lock"]["start"] != record["dvc_lock"]["end"]


def test_a_bare_folder_is_recorded_too(tmp_path: Path) -> None:
    with recording(tmp_path, "x"):
        pass
    record = provenance.read(tmp_path)
    assert (record["deliveries"], record["params"], record["seeds"]) == ([], {}, {})
    assert record["dvc_lock"] == {"start": None, "end": None}


@pytest.mark.parametrize(
    ("error", "outcome", "message"),
    [
        pytest.param(ValueError("no\nsuch"), "failed", "no\nsuch", id="an error"),
        pytest.param(ValueError(), "failed", "ValueError", id="an error without words"),
        pytest.param(KeyboardInterrupt(), "cancelled", "KeyboardInterrupt", id="Ctrl-C"),
        pytest.param(SystemExit(3), "cancelled", "3", id="an exit"),
    ],
)
def test_how_it_ended(project: Path, error: BaseException, outcome: str, message: str) -> None:
    with pytest.raises(type(error)), recording(project, "x"):
        raise error
    record = provenance.read(project)
    assert (record["outcome"], record["error"]) == (outcome, message)
    assert record["end"]
    assert provenance.current() is None


def test_prefect_s_cancellation_counts_as_one(project: Path) -> None:
    from prefect.exceptions import CancelledRun, TerminationSignal

    for error in (CancelledRun("x"), TerminationSignal(signal.SIGTERM)):
        with pytest.raises(type(error)), recording(project, "x"):
            raise error
        assert provenance.read(project)["outcome"] == "cancelled"


def test_an_inner_one_joins_the_outer(project: Path, tmp_path_factory: Any) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with recording(project, "retrain") as outer:
        with recording(project, "pipeline") as inner:
            assert inner is outer is provenance.current()
        assert provenance.read(project)["end"] is None
        with recording(elsewhere, "pipeline") as other:
            assert other is not outer
            assert provenance.current() is other
        assert provenance.current() is outer
    assert provenance.runs(project) == [outer.id]
    assert provenance.read(project)["flow"] == "retrain"
    assert provenance.runs(elsewhere) == [other.id]


def test_stages_and_facts(project: Path) -> None:
    with recording(project, "x") as recorder:
        recorder.note(delivered=["a"], promoted=None)
        recorder.note(promoted="champion/2", decision={"promote": True})
        recorder.stage("train", "ran", ["train.batch: 32 -> 16"], 1.23456, output={"path": "data/network"})
        assert provenance.read(project)["stages"] == [
            {"name": "train", "outcome": "ran", "why": ["train.batch: 32 -> 16"], "seconds": 1.235,
             "output": {"path": "data/network"}},
        ]  # fmt: skip
    expected = {"delivered": ["a"], "promoted": "champion/2", "decision": {"promote": True}}
    assert provenance.read(project)["facts"] == expected


def test_what_no_json_can_hold_is_refused_and_breaks_nothing(project: Path) -> None:
    with recording(project, "x") as recorder:
        with pytest.raises(TypeError):
            recorder.note(path=project)
        recorder.note(fine=1)
    assert provenance.read(project)["facts"] == {"fine": 1}


@pytest.mark.parametrize(
    ("outcomes", "kept"),
    [
        pytest.param(["ran", "unchanged"], ["ran"], id="looked at again"),
        pytest.param(["skipped", "ran"], ["ran"], id="wanted later"),
        pytest.param(["skipped", "unchanged"], ["unchanged"], id="looked at later"),
        pytest.param(["unchanged", "skipped"], ["unchanged"], id="not wanted again"),
        pytest.param(["ran", "restored"], ["ran", "restored"], id="both did something"),
        pytest.param(["failed", "ran"], ["failed", "ran"], id="it failed first"),
    ],
)
def test_a_stage_that_is_looked_at_twice(project: Path, outcomes: list[str], kept: list[str]) -> None:
    with recording(project, "x") as recorder:
        recorder.stage("split", "ran", [], 1)
        for outcome in outcomes:
            recorder.stage("train", outcome, [], 1)
    stages = provenance.read(project)["stages"]
    assert [entry["outcome"] for entry in stages if entry["name"] == "train"] == kept
    assert len(stages) == 1 + len(kept)


def test_a_stage_at_work_and_how_it_failed(project: Path) -> None:
    with recording(project, "x"):
        with provenance.at_work("split", list):
            assert provenance.read(project)["at_work"] == ["split"]
        with pytest.raises(ValueError, match="broken"), provenance.at_work("train", lambda: ["never ran before"]):
            raise ValueError("broken")
        with pytest.raises(ValueError, match="own"), provenance.at_work("model_report", _broken):
            raise ValueError("its own")
    record = provenance.read(project)
    assert [(one["name"], one["outcome"], one["error"]) for one in record["stages"]] == [
        ("train", "failed", "broken"),
        ("model_report", "failed", "its own"),
    ]
    assert record["stages"][0]["why"] == ["never ran before"]
    assert record["stages"][1]["why"] == ["not to be found out: no lock"]


def _broken() -> list[str]:
    raise RuntimeError("no lock")


def test_without_a_record_stages_are_told_to_nobody(project: Path) -> None:
    provenance.note_stage("train", "ran", [])
    with provenance.at_work("train", list) as clock:
        time.sleep(0.01)
    assert clock() >= 0.01
    assert not (project / provenance.FOLDER).exists()


def test_many_threads_write_and_every_reader_meets_a_whole_record(project: Path) -> None:
    with recording(project, "x") as recorder:
        threads = [threading.Thread(target=_write, args=(recorder, k)) for k in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert provenance.read(project)["outcome"] == "running"
    record = provenance.read(project)
    assert len(record["stages"]) == len(record["facts"]) == 100
    assert sorted(file.name for file in (project / provenance.FOLDER).iterdir()) == [f"{recorder.id}.json"]


def _write(recorder: provenance.Recorder, thread: int) -> None:
    for k in range(25):
        recorder.stage(f"ingest@{thread}-{k}", "ran", [], 1)
        recorder.note(**{f"{thread}-{k}": k})


def test_a_record_that_cannot_be_written_fails_no_run(project: Path, capsys: Any) -> None:
    (project / "data/runs").write_text("in the way")
    with recording(project, "x") as recorder:
        recorder.note(a=1)
    assert "the run's record cannot be written: " in capsys.readouterr().err
    assert (project / "data/runs").read_text() == "in the way"


def test_reading(project: Path) -> None:
    for flow in ("one", "two", "three"):
        with recording(project, flow):
            pass
    known = provenance.runs(project)
    assert [provenance.read(project, run)["flow"] for run in (*known, None)] == ["one", "two", "three", "three"]
    assert provenance.read(project, known[0][:-2])["flow"] == "one"
    with pytest.raises(ValueError, match=rf"^no run 'nonesuch' on record in data/runs; the latest: {known[2]}, "):
        provenance.read(project, "nonesuch")
    with pytest.raises(ValueError, match=rf"^3 runs begin with '20'.*: {', '.join(reversed(known))}$"):
        provenance.read(project, "20")


def test_an_error_lists_the_latest_few(project: Path) -> None:
    for _ in range(provenance.NAMED + 2):
        with recording(project, "x"):
            pass
    with pytest.raises(ValueError, match="the latest: ") as error:
        provenance.read(project, "x")
    known = provenance.runs(project)
    assert str(error.value).endswith(", ".join(known[: -provenance.NAMED - 1 : -1]))


def test_what_else_lies_there_is_no_record(project: Path) -> None:
    (project / "data/runs").mkdir()
    (project / "data/runs/train.json").write_text("{}")
    (project / "data/runs/study-ablation-cutout.json").write_text("{}")
    with pytest.raises(ValueError, match=r"^no run on record in data/runs; the latest: none$"):
        provenance.read(project)


@pytest.mark.parametrize("text", ["", "[]", '{"format": "hemaflow-run/9"}'])
def test_a_record_of_another_form(project: Path, text: str) -> None:
    with recording(project, "x") as recorder:
        pass
    recorder.path.write_text(text)
    with pytest.raises(ValueError, match=rf"{recorder.id}.json: expected "):
        provenance.read(project)
