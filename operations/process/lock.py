"""The project's lock: one writer at a time. DVC's own lock is free while a stage runs, so it cannot do this.

Flows, `make repro` and every verb that writes hold an flock on `data/.state/lock`; the kernel frees it when its holder
dies, however that happens. A process that holds it may take it again. Its children may too: they find the holder's
token in the environment variable HEMAFLOW_LOCK, compare it with the one in the file, and go ahead.

A landing has a lock of its own, `data/.state/landing.lock`, for what it does while a run works (`deliveries.waiting`).

`python -m operations.locked COMMAND ...` runs a command under the project's lock, once what waits is listed.
"""

import fcntl
import json
import os
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from operations.process import flocks

FILE, LANDING = Path("data/.state/lock"), Path("data/.state/landing.lock")
OWNERS = {FILE.name: "project's", LANDING.name: "landing's"}
VARIABLE = "HEMAFLOW_LOCK"


@dataclass
class _Hold:
    """A lock that this process has: its file descriptor, its token, and how many `held` blocks are in it."""

    descriptor: int
    token: str
    depth: int = 1


_holds: dict[Path, _Hold] = {}
_mutexes: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
"""One for each lock: a thread that waits for one keeps no other from giving another up."""


@contextmanager
def held(root: Path, command: str, file: Path = FILE) -> Iterator[None]:
    """Hold a lock of the project in `root`; `command` tells those who wait what they wait for.

    Where somebody else holds it, this says so once on standard error and waits. It counts for the whole process:
    threads do not exclude each other.
    """
    path = (root / file).resolve()
    acquired = _enter(path, command)
    try:
        yield
    finally:
        if acquired:
            _leave(path)


@contextmanager
def attempted(root: Path, command: str) -> Iterator[bool]:
    """Hold the project's lock if it is to be had at once; whether it is."""
    path = (root / FILE).resolve()
    try:
        acquired = _enter(path, command, wait=False)
    except BlockingIOError:
        yield False
        return
    try:
        yield True
    finally:
        if acquired:
            _leave(path)


def descriptors(root: Path) -> tuple[int, ...]:
    """For the `pass_fds` of a child that writes: the lock lasts until the child ends, even if this process dies."""
    hold = _holds.get((root / FILE).resolve())
    return (hold.descriptor,) if hold else ()


def holder(root: Path) -> str | None:
    """Who holds the lock ("pid 12: dvc repro"), None where it is free."""
    path = (root / FILE).resolve()
    if not path.exists():
        return None
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return None if flocks.attempt(descriptor) else _name(_read(path))
    finally:
        os.close(descriptor)


def _enter(path: Path, command: str, wait: bool = True) -> bool:
    """Take the lock; False where a parent holds it for this process, so that there is nothing to give back.

    Raises BlockingIOError where it is not to wait and another has it.
    """
    with _mutexes[path]:
        if path in _holds:
            _holds[path].depth += 1
            return True
        descriptor = _acquire(path, wait)
        if descriptor is None:
            return False
        token = os.urandom(8).hex()
        _holds[path] = _Hold(descriptor, token)
        _write(descriptor, {"pid": os.getpid(), "command": command, "token": token})
        os.environ[VARIABLE] = ":".join([*_tokens(), token])
        return True


def _leave(path: Path) -> None:
    with _mutexes[path]:
        hold = _holds[path]
        hold.depth -= 1
        if hold.depth:
            return
        del _holds[path]
        os.environ[VARIABLE] = ":".join(token for token in _tokens() if token != hold.token)
        if not os.environ[VARIABLE]:
            del os.environ[VARIABLE]
        os.ftruncate(hold.descriptor, 0)
        # Not close alone: a child that was given the descriptor would keep the lock.
        fcntl.flock(hold.descriptor, fcntl.LOCK_UN)
        os.close(hold.descriptor)


def _acquire(path: Path, wait: bool) -> int | None:
    """A descriptor with the lock; None where a parent of this process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            if not flocks.attempt(descriptor):
                other = _read(path)
                if other.get("token") in _tokens():
                    os.close(descriptor)
                    return None
                if not wait:
                    raise BlockingIOError(f"{path} is taken")
                _tell(path, other)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        except BaseException:
            os.close(descriptor)
            raise
        if flocks.is_at(descriptor, path):
            return descriptor
        # Somebody deleted data/.state meanwhile: this is the lock of a file that nobody else will find.
        os.close(descriptor)


def _tell(path: Path, other: dict[str, object]) -> None:
    lock = f"the {OWNERS[path.name]} lock ({FILE.with_name(path.name)})"
    print(f"waiting for {lock}, held by {_name(other)}", file=sys.stderr, flush=True)


def _tokens() -> list[str]:
    return [token for token in os.environ.get(VARIABLE, "").split(":") if token]


def _read(path: Path) -> dict[str, object]:
    # Empty where the holder has taken the lock and not yet written its name, or is just leaving.
    try:
        return dict(json.loads(path.read_text()))
    except (ValueError, TypeError, FileNotFoundError):
        return {}


def _write(descriptor: int, facts: dict[str, object]) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(facts).encode(), 0)


def _name(facts: dict[str, object]) -> str:
    return f"pid {facts['pid']}: {facts['command']}" if {"pid", "command"} <= facts.keys() else "another process"
