"""Runs a command whose process group ends when this program's standard input does.

    python operations/process/guard.py INTERRUPT_SECONDS TERMINATE_SECONDS COMMAND [ARGUMENT ...]

Whoever starts it holds the other end of standard input. The kernel closes that end when the holder is gone, however it
went, SIGKILL included; the group then gets SIGINT, SIGTERM and SIGKILL, each after the grace of the one before.
PR_SET_PDEATHSIG would not do: it reaches the child alone and not what the child started (DVC's stage goes on writing),
and it fires when the thread that started the child ends, not the process.

Exits with the command's code, 128 + the signal's number where a signal ended it. Standard library alone, and run with
`python -I -S`, so that it costs 50 ms.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

PR_SET_CHILD_SUBREAPER = 36
POLL = 0.02


def main(interrupt: float, terminate: float, command: list[str]) -> int:
    """Run `command` as a group of its own until it ends or standard input does."""
    _adopt_orphans()
    release = threading.Event()
    threading.Thread(target=_await_end_of_input, args=(release,), daemon=True).start()
    _on_signals(release)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    while child.poll() is None and not release.wait(POLL):
        pass
    if release.is_set():
        _end(child, ((signal.SIGINT, interrupt), (signal.SIGTERM, terminate)))
    _send(child.pid, signal.SIGKILL)  # what the command left behind, and what no signal moved
    code = child.wait()
    _reap(child.pid)
    return code if code >= 0 else 128 - code


def _end(child: subprocess.Popen[bytes], steps: tuple[tuple[signal.Signals, float], ...]) -> None:
    for step, grace in steps:
        _send(child.pid, step)
        until = time.monotonic() + grace
        while _alive(child) and time.monotonic() < until:
            time.sleep(POLL)


def _alive(child: subprocess.Popen[bytes]) -> bool:
    """Whether anything of the group is left, once those that ended have been reaped."""
    if child.poll() is None:
        return True
    _reap(child.pid, os.WNOHANG)
    return _send(child.pid, 0)


def _reap(group: int, options: int = 0) -> None:
    """Take note of all of the group that ended; without options wait until all of it has."""
    try:
        while os.waitpid(-group, options)[0]:
            pass
    except ChildProcessError:
        pass


def _send(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def _await_end_of_input(release: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    release.set()


def _on_signals(release: threading.Event) -> None:
    """A handler and not SIG_IGN, which the command would inherit."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        release.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)


def _adopt_orphans() -> None:
    """Become the parent of what the group leaves behind: in a container nobody else may reap it, and a zombie lives."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
