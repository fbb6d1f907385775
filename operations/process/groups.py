"""Process groups that cannot outlive whoever started them: DVC's stages, and Prefect's server.

Each is started through `guard.py`, which ends the group when its standard input ends. So letting go of a pipe ends a
group, and so does this process when it dies, whatever kills it.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any

GUARD = Path(__file__).with_name("guard.py")
INTERRUPT_GRACE, TERMINATE_GRACE = 10.0, 5.0
"""Seconds until SIGTERM follows SIGINT, and SIGKILL follows SIGTERM. Prefect gives a cancelled run 30 in all."""


class EndedError(RuntimeError):
    """A group was wanted from a holder that is ending."""


class Group:
    """A running command and all that it starts, standard error merged into `output`.

    `output` is a pipe to read from where no file is given. The `kept` descriptors stay open until the group has ended,
    also where this process is gone by then.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        to: IO[bytes] | None = None,
        kept: tuple[int, ...] = (),
    ):
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), str(INTERRUPT_GRACE), str(TERMINATE_GRACE), *command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if to is None else to,
            stderr=subprocess.STDOUT,
            pass_fds=kept,
            start_new_session=True,  # a Ctrl-C at the terminal reaches this process, which then says how groups end
        )

    @property
    def pid(self) -> int:
        """The process that guards the group."""
        return self._process.pid

    @property
    def output(self) -> IO[bytes]:
        """What the group writes."""
        assert self._process.stdout is not None
        return self._process.stdout

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """The exit code, once it has ended."""
        return self._process.wait()

    def release(self) -> None:
        """Have the group end, and return at once."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def end(self) -> None:
        """Have the group end, and wait until nothing of it is left."""
        self.release()
        self.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Holder:
    """Groups that end together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[Group] = set()
        self._ended = False

    @contextmanager
    def running(self, command: Sequence[str], cwd: Path, **options: Any) -> Iterator[Group]:
        """A group for as long as the block lasts; `options` are Group's. Raises EndedError once `end` was called."""
        with self._lock:
            if self._ended:
                raise EndedError(f"{command[0]} was not started: the run is ending")
            group = Group(command, cwd, **options)
            self._groups.add(group)
        try:
            yield group
        finally:
            group.end()
            self._groups.discard(group)

    def end(self) -> None:
        """End every group, so that whatever waits for one returns, and start no more."""
        with self._lock:
            self._ended = True
            groups = list(self._groups)
        for group in groups:
            group.release()
        for group in groups:
            group.wait()


_current: ContextVar[Holder | None] = ContextVar("holder", default=None)


def current() -> Holder:
    """The holder of the block around, or one of its own where there is none."""
    return _current.get() or Holder()


@contextmanager
def ending_together() -> Iterator[Holder]:
    """Where the block raises, in whatever thread its groups were started, they have all ended when it is left.

    That is how SIGTERM and Ctrl-C end a flow's stages: Prefect turns the first into an exception in the main thread,
    Python the second.
    """
    holder = Holder()
    token = _current.set(holder)
    try:
        yield holder
    except BaseException:
        holder.end()
        raise
    finally:
        _current.reset(token)


def environment(**more: str) -> dict[str, str]:
    """This process's variables for a child, in which `python` and `dvc` are the ones of this environment."""
    here = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": os.pathsep.join([here, os.environ.get("PATH", os.defpath)]), **more}
