import copy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operations.history import provenance
from operations.history.explain import describe, explain, seconds

DEMO = {"name": "demo", "md5": "aa.dir", "digest": None, "images": 1809}
RECORD: dict[str, Any] = {
    "format": provenance.FORMAT,
    "id": "20241125T175903.123Z-4f2a9c",
    "flow": "pipeline",
    "outcome": "completed",
    "start": "2024-11-25T17:59:03.123+00:00",
    "end": "2024-11-25T18:05:15.623+00:00",
    "error": None,
    "prefect": [{"flow": "pipeline", "id": "1eff0b9b-a856", "name": "nonchalant-tarantula"}],
    "git": {"commit": "0123456789abcdef", "clean": True, "changed": [], "more": 0},
    "dvc_lock": {"start": "a", "end": "b"},
    "libraries": {
        "python": "3.11.7",
        "tensorflow": None,
        "keras": "3.15.1",
        "numpy": "2",
        "dvc": "3",
        "prefect": "3.8",
    },
    "hardware": {"cores": 2, "memory_mib": 24105, "cpu": "AMD EPYC", "gpus": []},
    "facts": {"settings": {}, "target": "model_report"},
    "at_work": [],
    "stages": [],
    "deliveries": [DEMO],
    "seeds": {"train.seed": 0, "gate.seed": 3},
}


def _stage(name: str, outcome: str = "unchanged", *why: str, took: float = 0.0) -> dict[str, Any]:
    return {"name": name, "outcome": outcome, "why": list(why), "seconds": took}


def _told(**changes: Any) -> list[str]:
    return describe({**copy.deepcopy(RECORD), **changes}).splitlines()


def _line(name: str, **changes: Any) -> str:
    [found] = [line for line in _told(**changes) if line.startswith(f"  {name} ")]
    return found.removeprefix(f"  {name}").strip()


def test_the_whole_of_a_run() -> None:
    stages = [_stage("demo@demo"), _stage("train", "ran", "train.batch: 32 -> 16", took=72.4), _stage("dedupe")]
    assert _told(stages=stages) == [
        "pipeline 20241125T175903.123Z-4f2a9c: completed",
        "  when        2024-11-25 17:59:03 UTC, 6 min 12 s",
        "  commit      0123456789ab, nothing else",
        "  Prefect     pipeline nonchalant-tarantula (1eff0b9b-a856)",
        "  data        1 delivery, 1,809 images: demo",
        "  seeds       train.seed = 0, gate.seed = 3",
        "  machine     2 cores (AMD EPYC), 24,105 MiB, no GPU",
        "  libraries   python 3.11.7, tensorflow absent, keras 3.15.1, numpy 2, dvc 3, prefect 3.8",
        "",
        "Stages",
        "  demo        1 unchanged",
        "  dedupe      unchanged",
        "  train       ran in 1 min 12 s: train.batch: 32 -> 16",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.6, "1 min 0 s"), (3599.4, "59 min 59 s"), (3599.6, "1 h 0 min"),
     (100_000, "27 h 46 min")],
)  # fmt: skip
def test_seconds(value: float, expected: str) -> None:
    assert seconds(value) == expected


EDITS = "with edits that were not committed: "
GIT = {"commit": "0123456789abcdef", "clean": False, "changed": ["params.yaml"], "more": 0}
MANY = [{**DEMO, "name": f"b{k}", "images": None} for k in range(50)]


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        pytest.param("commit", {"git": GIT}, f"0123456789ab, {EDITS}params.yaml", id="edits"),
        pytest.param(
            "commit",
            {"git": {**GIT, "changed": [*"abcdefghij"], "more": 3}},
            f"0123456789ab, {EDITS}a, b, c, d, e, f, g, h and 5 more",
            id="many edits",
        ),
        pytest.param("commit", {"git": {"commit": None, "why": "no git"}}, "unknown: no git", id="no commit"),
        pytest.param("data", {"deliveries": []}, "no delivery", id="no delivery"),
        pytest.param(
            "data", {"deliveries": MANY}, "50 deliveries, 0 images: b0, b1, b2, b3, b4, b5, b6, b7 and 42 more",
            id="many deliveries",
        ),
        pytest.param(
            "data", {"deliveries": [DEMO, {"name": "b", "pictures": 9, "held": True}]}, "2 deliveries, 1,818 images: "
            "demo, b (on hold)", id="a delivery on hold, of an older run",
        ),
        pytest.param("seeds", {"seeds": {}}, "none", id="no seeds"),
        pytest.param(
            "machine", {"hardware": {"cores": 8, "memory_mib": 9, "cpu": None, "gpus": ["H100", "H100"]}},
            "8 cores (unknown), 9 MiB, H100, H100", id="GPUs",
        ),
        pytest.param(
            "settings", {"facts": {"settings": {"train.batch": 8, "train.seed": 1}}},
            "train.batch = 8, train.seed = 1", id="settings",
        ),
        pytest.param("target", {"facts": {"target": "split"}}, "up to split", id="target"),
        pytest.param(
            "decision", {"facts": {"decision": {"promote": True, "sentence": "Promoted: better."}}},
            "Promoted: better.", id="decision",
        ),
        pytest.param("promoted", {"facts": {"promoted": "champion/2"}}, "champion/2", id="promoted"),
        pytest.param("promoted", {"facts": {"promoted": None}}, "none", id="not promoted"),
        pytest.param("pushed", {"facts": {"pushed": False}}, "no", id="not pushed"),
        pytest.param("delivered", {"facts": {"delivered": ["a", "b"]}}, "a, b", id="delivered"),
        pytest.param("delivered", {"facts": {"delivered": []}}, "none", id="nothing delivered"),
        pytest.param("committed", {"facts": {"commit": "0123"}}, "0123", id="a commit that it made"),
        pytest.param("not saved", {"facts": {"not_backed_up": ["a model"]}}, "a model", id="a long name"),
        pytest.param(
            "held", {"facts": {"held": {"b": "40 of 60 labels contradicted"}}},
            "b: 40 of 60 labels contradicted; to take it back: hemaflow release b --why REASON", id="held",
        ),
        pytest.param("held", {"facts": {"held": {}}}, "none", id="nothing held"),
        pytest.param("audit", {"facts": {"audit": []}}, "none", id="nothing audited"),
        pytest.param(
            "audit", {"facts": {"audit": [{"delivery": "b", "verdict": "agrees", "p": 0.5}]}}, "b: agrees",
            id="an audit of before, without a sentence",
        ),
        pytest.param("put back", {"facts": {"put_back": ["data/model"]}}, "data/model", id="put back"),
        pytest.param("drift", {"facts": {"drift": {"shift": 0.25}}}, '{"shift": 0.25}', id="a fact without a sentence"),
        pytest.param("drift", {"facts": {"drift": ["x" * 300, 1]}}, f'["{"x" * 195}...', id="a long one"),
    ],
)  # fmt: skip
def test_a_line(name: str, changes: dict[str, Any], expected: str) -> None:
    assert _line(name, **changes) == expected


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        pytest.param(
            [*(_stage(f"ingest@b{k}") for k in range(49)), _stage("ingest@b49", "ran", "never ran before", took=2.1)],
            "49 unchanged, 1 ran in 2.1 s (b49: never ran before)",
            id="many deliveries, one of them new",
        ),
        pytest.param(
            [_stage(f"ingest@b{k}", "ran", f"data/raw/b{k} changed", took=1.0) for k in range(50)],
            "50 ran in 50 s (b0, b1, b2 and 47 more: data/raw/NAME changed)",
            id="the same reason for all",
        ),
        pytest.param(
            [_stage("ingest@a", "ran", "x changed", took=1), _stage("ingest@b", "failed", "y changed", took=1)],
            "1 ran in 1.0 s (a: x changed), 1 failed in 1.0 s (b: y changed)",
            id="each its own",
        ),
        pytest.param(
            [_stage("ingest@a", "ran", *(f"tasks/{k} changed" for k in range(8)), took=1)],
            f"1 ran in 1.0 s (a: {'; '.join(f'tasks/{k} changed' for k in range(6))}; and 2 more)",
            id="many reasons",
        ),
    ],
)
def test_deliveries_are_told_of_together(stages: list[dict[str, Any]], expected: str) -> None:
    assert _line("ingest", stages=stages) == expected


def test_an_audit_is_told_of_each_delivery() -> None:
    found = [{"delivery": name, "verdict": "agrees", "sentence": f"{name} is fine"} for name in ("a", "b")]
    assert [line for line in _told(facts={"audit": found}) if line.startswith("  audit ")] == [
        "  audit       a: a is fine",
        "  audit       b: b is fine",
    ]


def test_what_was_skipped_comes_last_and_at_once() -> None:
    stages = [_stage(name, "skipped", "comes after ingest") for name in ("train", "dedupe", "embed@a", "embed@b")]
    assert _told(stages=[*stages, _stage("ingest@a")])[-2:] == [
        "  ingest      1 unchanged",
        "  skipped     embed, dedupe, train: comes after ingest",
    ]


def test_a_failure_is_told_by_what_the_stage_said() -> None:
    said = ["Running stage 'train':", "> python -m tasks.train.stage", "one", "two", "three", "train: no rows"]
    error = "\n".join(["train: dvc repro ended with code 1", *said, "ERROR: failed to reproduce 'train': failed"])
    stages = [_stage("ingest@demo"), _stage("embed@demo"), _stage("train", "failed", took=3)]
    lines = _told(stages=stages, outcome="failed", error=error)
    assert lines[-5:] == [
        "",
        "Ended by: train: dvc repro ended with code 1",
        "    two",
        "    three",
        "    train: no rows",
    ]
    assert "  not reached dedupe, outliers, split, data_report, calibrate, evaluate, explain, model_report" in lines


@pytest.mark.parametrize("outcome", ["did not end", "cancelled"])
def test_a_run_that_was_broken_off_says_at_what(outcome: str) -> None:
    done = [_stage(f"{name}@demo") for name in ("ingest", "embed")]
    lines = _told(stages=done, outcome=outcome, end=None, at_work=["dedupe"], facts={"target": "outliers"})
    assert "  broken off  dedupe" in lines
    assert "  not reached outliers" in lines


def test_a_run_that_goes_on_misses_nothing() -> None:
    lines = _told(outcome="running", end=None)
    assert lines[1] == "  when        2024-11-25 17:59:03 UTC on"
    assert not any("not reached" in line for line in lines)


# A run in a process of its own, which is sent a signal while it trains.
RUN = "from flows.pipeline import pipeline; pipeline()"


@pytest.fixture
def training(
    toy: Path, environment: dict[str, str], prefect: Any, steer: Any, api: None
) -> Iterator[subprocess.Popen[bytes]]:
    """It, at work on its training; what is left of it is ended, and the slot that it held on the server freed."""
    from prefect import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    from flows.server import limits

    steer.words(toy, "train", "sleep 60")
    where = {"PREFECT_API_URL": prefect.api, "PREFECT_HOME": str(prefect.home)}
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(command, cwd=toy, env=environment | where, stderr=subprocess.DEVNULL) as child:
        try:
            while provenance.runs(toy) == [] and child.poll() is None:
                time.sleep(0.1)  # for as long as Prefect's import takes
            steer.await_ticks(toy)
            yield child
        finally:
            child.kill()
    steer.await_no_process(toy)
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(limits.GPU, GlobalConcurrencyLimitUpdate(active_slots=0))


def test_a_run_that_was_killed(toy: Path, training: subprocess.Popen[bytes]) -> None:
    """Nobody notes an end then; the next look says so."""
    running = explain(toy)
    training.send_signal(signal.SIGKILL)
    training.wait()
    assert running.splitlines()[0].endswith(": running")
    lines = explain(toy).splitlines()
    assert lines[0].endswith(": did not end")
    assert "to an end that nobody noted" in lines[1]
    assert "  split       unchanged" in lines
    assert "  broken off  train" in lines
    assert "  not reached calibrate, evaluate, explain, model_report" in lines
    assert "was killed, or the machine stopped" in lines[-1]


@pytest.mark.long
def test_a_run_that_was_asked_to_stop(toy: Path, training: subprocess.Popen[bytes]) -> None:
    training.send_signal(signal.SIGTERM)
    training.wait()
    lines = explain(toy).splitlines()
    assert lines[0].endswith(": cancelled")
    assert any(line.startswith("  train ") or line == "  broken off  train" for line in lines), lines


def test_a_new_delivery_in_a_real_run(in_toy: Path, environment: dict[str, str], api: None) -> None:
    from flows.pipeline import pipeline

    new = "echo '- \"b\"' | sed -i '/^deliveries/r /dev/stdin' data/deliveries.yaml; mkdir -p data/raw/b/ig; "
    new += "echo b > data/raw/b/ig/b; touch data/deliveries/b.yaml; dvc add -q data/raw/b; git add .; "
    new += "git -c user.name=a -c user.email=a@b commit -qm x; echo >> params.yaml"
    subprocess.run(new, shell=True, cwd=in_toy, env=environment, check=True)
    pipeline(target="embed")
    lines = explain(in_toy).splitlines()
    assert any("2 deliveries, " in line and line.endswith("b, demo") for line in lines)
    assert any(line.endswith(", with edits that were not committed: params.yaml") for line in lines)
    [ingest] = [line for line in lines if line.startswith("  ingest ")]
    assert "1 unchanged, 1 ran in " in ingest or ingest.endswith(", 1 unchanged")
    assert "(b: never ran before)" in ingest
    skipped = "dedupe, outliers, split, data_report, train, calibrate, evaluate, explain, model_report"
    assert f"  skipped     {skipped}: comes after embed" in lines


def test_an_unknown_run_lists_those_that_there_are(tmp_path: Path) -> None:
    with provenance.recording(tmp_path, "x") as recorder:
        pass
    with pytest.raises(ValueError, match=f"^no run '2001' on record in data/runs; the latest: {recorder.id}$"):
        explain(tmp_path, "2001")
