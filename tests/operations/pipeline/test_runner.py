import json
import logging
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from operations.pipeline import runner
from operations.pipeline.runner import Outcome, StageFailedError
from operations.process import follow, groups
from operations.project import dvc_lock

LOG = logging.getLogger("test")


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        pytest.param(["one\n", "two\r\n", "three"], ["one", "two", "three"], id="lines"),
        pytest.param(["\n", "  \n", "x\n"], ["x"], id="empty lines are dropped"),
        pytest.param(["10%\r", "20%\r", "100%\n"], ["100%"], id="of a bar its end"),
        pytest.param(["10%\r", "20%\r", "\n", "x\n"], ["20%", "x"], id="a bar that ends with an empty line"),
        pytest.param(["10%\r", "20%\r"], ["20%"], id="a bar that is broken off"),
        pytest.param(["\x1b[31mred\x1b[0m\n"], ["red"], id="colours"),
    ],
)
def test_lines(pieces: list[str], expected: list[str]) -> None:
    assert list(follow.lines(pieces)) == expected


def test_a_long_bar_is_logged_now_and_then() -> None:
    assert list(follow.lines(["10%\r", "20%\r", "30%\n"], every=0.0)) == ["10%", "20%", "30%"]


@pytest.mark.parametrize(
    ("change", "stage", "expected"),
    [
        pytest.param("true", "split", Outcome.UNCHANGED, id="unchanged"),
        pytest.param("true", "ingest@demo", Outcome.UNCHANGED, id="of a delivery"),
        pytest.param("sed -i s/drop_all/keep_first/ params.yaml", "dedupe", Outcome.RAN, id="changed setting"),
        pytest.param("rm -r data/clean", "split", Outcome.RESTORED, id="removed output"),
        pytest.param("echo x >> data/clean/made.txt", "split", Outcome.RESTORED, id="edited output"),
        pytest.param("rm -r data/clean .dvc/cache", "split", Outcome.RAN, id="removed output and cache"),
    ],
)
def test_outcome(toy: Path, change: str, stage: str, expected: Outcome) -> None:
    subprocess.run(change, shell=True, cwd=toy, check=True)
    assert runner.run(toy, stage, LOG) == expected


def test_output_is_logged_and_a_stage_cannot_pretend(toy: Path, steer: Any, caplog: pytest.LogCaptureFixture) -> None:
    steer.words(toy, "train", "Stage 'train' didn't change, skipping")
    with caplog.at_level("INFO"):
        assert runner.run(toy, "train", LOG) == Outcome.RAN
    assert "train says Stage 'train' didn't change, skipping" in caplog.messages


def test_failure_tells_the_last_lines(toy: Path, steer: Any) -> None:
    steer.words(toy, "train", "fail")
    with pytest.raises(StageFailedError, match=r"(?s)^train: dvc repro ended with code 255.*toy: this stage fails"):
        runner.run(toy, "train", LOG)


def test_an_unknown_stage_fails(toy: Path) -> None:
    with pytest.raises(StageFailedError, match="nonesuch"):
        runner.run(toy, "nonesuch", LOG)


RUN_TRAIN = """
import logging, pathlib
from operations.process import groups; from operations.pipeline import runner
groups.INTERRUPT_GRACE, groups.TERMINATE_GRACE = 2.0, 1.0
logging.basicConfig(level="INFO")
with groups.ending_together():
    runner.run(pathlib.Path.cwd(), "train", logging.getLogger("run"))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["INT", "TERM", "KILL"])
def test_a_stage_ends_with_its_process(
    toy: Path, environment: dict[str, str], steer: Any, number: signal.Signals
) -> None:
    steer.words(toy, "train", "sleep 60")
    process = subprocess.Popen([sys.executable, "-c", RUN_TRAIN], cwd=toy, env=environment, stderr=subprocess.DEVNULL)
    steer.await_ticks(toy)
    process.send_signal(number)
    assert process.wait(timeout=20) != 0
    _assert_over(toy, environment, steer)


def test_a_stubborn_stage_is_killed(toy: Path, environment: dict[str, str], steer: Any) -> None:
    stubborn = "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\n"
    (toy / "toy.py").write_text(stubborn + (toy / "toy.py").read_text())
    steer.words(toy, "train", "sleep 60")
    process = subprocess.Popen([sys.executable, "-c", RUN_TRAIN], cwd=toy, env=environment, stderr=subprocess.DEVNULL)
    steer.await_ticks(toy)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(timeout=20)
    assert time.monotonic() - start > 2.5, "each signal has its grace"
    _assert_over(toy, environment, steer)


def test_where_the_block_raises_all_groups_have_ended_and_no_more_start(toy: Path) -> None:
    code = "import time\nwhile True: time.sleep(1)"
    with pytest.raises(KeyError), groups.ending_together() as holder:  # noqa: PT012
        with holder.running([sys.executable, "-c", code], toy, env=groups.environment()) as group:
            assert group.poll() is None
            holder.end()
            assert group.poll() is not None
        with pytest.raises(groups.EndedError), groups.current().running(["true"], toy, env={}):
            pass
        raise KeyError


def test_what_a_command_leaves_behind_ends_with_it(toy: Path) -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL).pid)"
    with groups.current().running([sys.executable, "-c", code], toy, env=groups.environment()) as group:
        pid = int(group.output.read())
        assert group.wait() == 0
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (3, 3), ("signal", 128 + 9)], ids=["zero", "three", "signal"])
def test_exit_code(toy: Path, code: int | str, expected: int) -> None:
    command = "import os; os.kill(os.getpid(), 9)" if code == "signal" else f"raise SystemExit({code})"
    with groups.current().running([sys.executable, "-c", command], toy, env=groups.environment()) as group:
        assert group.wait() == expected


@pytest.mark.parametrize(
    ("pid", "dropped"),
    [
        pytest.param("other", True, id="a number that is something else's by now"),
        pytest.param("dead", True, id="of no process"),
        pytest.param("dvc", False, id="of a running dvc"),
    ],
)
def test_dead_locks(toy: Path, pid: str, dropped: bool) -> None:
    arguments = ["dvc"] if pid == "dvc" else []
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", *arguments])
    held = {"write": {str(toy / "data/network"): {"pid": sleeper.pid, "cmd": "dvc repro"}}, "read": {}}
    try:
        while not Path(f"/proc/{sleeper.pid}/cmdline").read_bytes():
            time.sleep(0.01)  # between fork and exec a process has no command line yet
        if pid == "dead":
            sleeper.kill()
            sleeper.wait()
        (toy / ".dvc/tmp/rwlock").write_text(json.dumps(held))
        assert bool(dvc_lock.drop_dead_locks(toy)) == dropped
        assert (toy / ".dvc/tmp/rwlock").exists() != dropped
    finally:
        sleeper.kill()
        sleeper.wait()


def test_no_locks_are_no_dead_locks(toy: Path) -> None:
    assert dvc_lock.drop_dead_locks(toy) == []


def _assert_over(root: Path, environment: dict[str, str], steer: Any) -> None:
    """The stage writes no more, and DVC works at once."""
    steer.await_no_process(root)
    ticks = (root / "data/network/ticks").read_text()
    time.sleep(0.3)
    assert (root / "data/network/ticks").read_text() == ticks
    steer.words(root, "train", "")
    done = subprocess.run(["dvc", "repro"], cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
