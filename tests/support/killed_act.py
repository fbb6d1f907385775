"""Work that is killed in a child process, at a step at which it touches a file or starts a program."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.chmod", "subprocess.Popen"}
"""What Python announces before it does it."""


class Steps:
    """Counts the steps of a process, and ends it before the step `last`."""

    def __init__(self, root: Path, last: int):
        self.root, self.last, self.number = str(root), last, 0

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in EVENTS and self._counts(event, arguments):
            self.number += 1
            if self.number == self.last:
                os.kill(os.getpid(), signal.SIGKILL)

    def _counts(self, event: str, arguments: tuple[object, ...]) -> bool:
        if event == "subprocess.Popen":
            return True
        writes = event != "open" or bool(int(arguments[2]) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        return writes and os.fsdecode(str(arguments[0])).startswith(self.root)


def killed(root: Path, act: Callable[[], object], last: int) -> int:
    """Do it in a child that is killed before that step; the number of steps where it ended before, else 0."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        steps, code = Steps(root, last), 1
        try:
            sys.addaudithook(steps)
            act()
            os.write(writes, str(steps.number).encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writes)
    with os.fdopen(reads) as stream:
        said = stream.read()
    _, status = os.waitpid(child, 0)
    assert said or os.WTERMSIG(status) == signal.SIGKILL, "it failed before it was killed"
    return int(said or 0)
