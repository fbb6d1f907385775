"""Real processes throughout. Where one must be waiting, the test waits for its message, never for a span of time."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from operations.process import lock

HERE = Path(__file__).parents[3]
HOLD = """
import sys, time, pathlib
from operations.process import lock
with lock.held(pathlib.Path("."), sys.argv[1]):
    print("in", flush=True)
    sys.stdin.readline()
print("out", flush=True)
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts `python ARGUMENTS` in an empty project; what is left at the end is killed."""
    monkeypatch.delenv(lock.VARIABLE, raising=False)
    started = []

    def run(*arguments: str, **settings) -> subprocess.Popen:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        command = [sys.executable, *arguments]
        child = subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, **pipes, **settings)
        started.append(child)
        return child

    yield run
    for child in started:
        child.kill()
        child.communicate()


def end(child: subprocess.Popen) -> tuple[str, str]:
    """Let it out of its `with`; its outputs from here on."""
    return child.communicate("\n", timeout=20)


def test_the_second_waits_and_says_once_for_whom(start):
    first = start("-c", HOLD, "pipeline demo")
    assert first.stdout.readline() == "in\n"
    second = start("-c", HOLD, "deliver x")
    said = second.stderr.readline()
    assert said == f"waiting for the project's lock (data/.state/lock), held by pid {first.pid}: pipeline demo\n"
    assert second.poll() is None
    assert end(first) == ("out\n", "")
    assert second.stdout.readline() == "in\n"
    assert end(second) == ("out\n", "")


def test_a_killed_holder_frees_it(start):
    first = start("-c", HOLD, "first")
    assert first.stdout.readline() == "in\n"
    second = start("-c", HOLD, "second")
    assert "first" in second.stderr.readline()
    first.send_signal(signal.SIGKILL)
    assert second.stdout.readline() == "in\n"
    assert end(second)[1] == ""


def test_what_a_killed_holder_wrote_is_no_lock(start, tmp_path):
    first = start("-c", HOLD, "first")
    assert first.stdout.readline() == "in\n"
    first.kill()
    first.wait()
    assert json.loads((tmp_path / lock.FILE).read_text())["command"] == "first"
    assert lock.holder(tmp_path) is None
    with lock.held(tmp_path, "next"):
        assert lock.holder(tmp_path) == f"pid {os.getpid()}: next"


def test_an_interrupted_waiter_leaves(start):
    first = start("-c", HOLD, "first")
    assert first.stdout.readline() == "in\n"
    second = start("-c", HOLD, "second")
    assert "first" in second.stderr.readline()
    second.send_signal(signal.SIGINT)
    assert second.communicate(timeout=20)[0] == ""
    assert second.returncode != 0
    assert end(first)[0] == "out\n"


def test_a_process_may_take_it_again(tmp_path, capsys):
    with lock.held(tmp_path, "outer"):
        with lock.held(tmp_path, "inner"):
            pass
        assert lock.holder(tmp_path) == f"pid {os.getpid()}: outer"
    assert lock.holder(tmp_path) is None
    assert lock.VARIABLE not in os.environ
    assert capsys.readouterr().err == ""


def test_it_lasts_until_the_last_thread_has_left(tmp_path):
    inside, leave = threading.Event(), threading.Event()

    def work() -> None:
        with lock.held(tmp_path, "thread"):
            inside.set()
            leave.wait(20)

    with lock.held(tmp_path, "main"):
        thread = threading.Thread(target=work)
        thread.start()
        assert inside.wait(20)
    assert lock.holder(tmp_path) is not None
    leave.set()
    thread.join(20)
    assert lock.holder(tmp_path) is None


def test_an_error_frees_it(tmp_path):
    with pytest.raises(ValueError, match="inside"), lock.held(tmp_path, "a"):
        raise ValueError("inside")
    assert lock.holder(tmp_path) is None


def test_two_projects_have_two_locks(tmp_path):
    with lock.held(tmp_path / "a", "a"), lock.held(tmp_path / "b", "b"):
        assert [lock.holder(tmp_path / name) for name in "ab"] == [f"pid {os.getpid()}: {name}" for name in "ab"]
    assert [lock.holder(tmp_path / name) for name in "ab"] == [None, None]


def test_a_child_of_the_holder_goes_ahead_and_frees_nothing(start, tmp_path):
    with lock.held(tmp_path, "parent"):
        child = start("-c", HOLD, "child")
        assert child.stdout.readline() == "in\n"
        assert end(child) == ("out\n", "")
        assert lock.holder(tmp_path) == f"pid {os.getpid()}: parent"


def test_a_child_that_outlived_the_holder_waits_like_all_others(start, tmp_path, monkeypatch):
    with lock.held(tmp_path, "parent"):
        token = os.environ[lock.VARIABLE]
    monkeypatch.setenv(lock.VARIABLE, token)
    other = start("-c", HOLD, "other")
    assert other.stdout.readline() == "in\n"
    child = start("-c", HOLD, "orphan")
    assert "held by pid" in child.stderr.readline()
    assert end(other)[0] == "out\n"
    assert child.stdout.readline() == "in\n"


def test_a_child_with_the_descriptor_keeps_it_after_the_holder_is_killed(start, tmp_path):
    program = """
import pathlib, subprocess, sys
from operations.process import lock
with lock.held(pathlib.Path("."), "parent"):
    held = lock.descriptors(pathlib.Path("."))
    child = subprocess.Popen(["sleep", "60"], pass_fds=held, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(child.pid, flush=True)
    sys.stdin.readline()
"""
    parent = start("-c", program)
    writer = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert lock.holder(tmp_path) == f"pid {parent.pid}: parent"
    os.kill(writer, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while lock.holder(tmp_path) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_child_with_the_descriptor_does_not_keep_it_after_the_holder_has_left(tmp_path):
    with lock.held(tmp_path, "parent"):
        child = subprocess.Popen(["sleep", "60"], pass_fds=lock.descriptors(tmp_path))
    try:
        assert lock.holder(tmp_path) is None
    finally:
        child.kill()
        child.wait()


def test_a_deleted_lock_file_locks_nobody_out_nor_two_in(start, tmp_path):
    first = start("-c", HOLD, "first")
    assert first.stdout.readline() == "in\n"
    second = start("-c", HOLD, "second")
    assert "first" in second.stderr.readline()
    (tmp_path / lock.FILE).unlink()
    third = start("-c", HOLD, "third")
    assert third.stdout.readline() == "in\n"
    end(first)
    # The second now has the lock of the deleted file, notices, and waits for the third.
    assert "third" in second.stderr.readline()
    end(third)
    assert second.stdout.readline() == "in\n"


@pytest.mark.parametrize(
    ("command", "code", "output"),
    [
        pytest.param(["sh", "-c", "echo said; exit 7"], 7, "said\n", id="exit code"),
        pytest.param(["sh", "-c", "kill -TERM $$"], -signal.SIGTERM, "", id="death by a signal"),
        pytest.param(["no-such-command"], 127, "", id="no such command"),
        pytest.param(["cat"], 0, "\n", id="standard input"),
    ],
)
def test_a_command_under_the_lock(start, tmp_path, command, code, output):
    child = start("-m", "operations.locked", *command)
    assert end(child)[0] == output
    assert child.returncode == code
    assert lock.holder(tmp_path) is None


def test_a_command_holds_it_while_it_runs_and_gets_the_signals(start, tmp_path):
    child = start("-m", "operations.locked", "sh", "-c", "trap 'exit 3' TERM; echo in; while :; do sleep 0.05; done")
    assert child.stdout.readline() == "in\n"
    assert lock.holder(tmp_path).startswith(f"pid {child.pid}: sh -c trap")
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 3
    assert lock.holder(tmp_path) is None


def test_a_command_gets_the_signal_of_a_broken_pipe(start):
    """Python ignores it; a command that inherits that never ends in `COMMAND | head`."""
    ignored = end(start("-m", "operations.locked", "grep", "SigIgn", "/proc/self/status"))[0]
    assert int(ignored.split()[1], 16) & 1 << signal.SIGPIPE - 1 == 0


def test_a_command_under_the_lock_may_take_it(start):
    child = start("-m", "operations.locked", sys.executable, "-c", HOLD, "inner")
    assert child.stdout.readline() == "in\n"
    assert end(child) == ("out\n", "")


def test_no_command(start):
    child = start("-m", "operations.locked")
    assert "usage: python -m operations.locked COMMAND" in end(child)[1]
    assert child.returncode == 1


def test_it_starts_light(start):
    heavy = "{'numpy', 'yaml', 'ruamel', 'pydantic', 'prefect', 'dvc', 'pandas', 'subprocess'}"
    child = start("-c", f"import sys, operations.process.lock; print({heavy} & set(sys.modules))")
    assert end(child)[0] == "set()\n"
