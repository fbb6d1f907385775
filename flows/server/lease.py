"""The lease of a Prefect server: one checkout at a time runs flows against it.

Two checkouts at one server would take each other's events and promote past one another. So whoever runs flows, `serve`,
a worker or a verb, holds a lease in the server while it does. All processes of a checkout share it, on several hosts
too where they share the folder.

The lease is a Prefect variable `hemaflow_checkout_N`. The server makes each name once, so of several who want number N
one gets it; the highest number counts. It is renewed every BEAT seconds and is anybody's after SECONDS without, by the
server's clock. Nothing here imports Prefect.
"""

import fcntl
import json
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from flows.server.api import Answer, call
from operations import person
from operations.process import flocks
from tasks import atomic

FILE = Path("data/.state/checkout.json")
LOCK = Path("data/.state/checkout.lock")
HOLDERS = Path("data/.state/checkout.lease")
PREFIX = "hemaflow_checkout_"
SECONDS = 120.0
BEAT = 20.0


class Lease(NamedTuple):
    """A lease as the server has it; `age` is the seconds since it was renewed."""

    number: int
    holder: dict[str, str]
    age: float


def identity(root: Path) -> str:
    """The id of this checkout, made when it is first asked for; that of a copied folder is another."""
    file, path = root / FILE, str(root.resolve())
    file.parent.mkdir(parents=True, exist_ok=True)
    with (root / LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with suppress(FileNotFoundError, ValueError):
            known = json.loads(file.read_bytes())
            if known["path"] == path:
                return str(known["id"])
        made = secrets.token_hex(8)
        with atomic.replacing(file) as stream:
            stream.write(json.dumps({"id": made, "path": path}).encode())
    return made


@contextmanager
def held(root: Path, api: str) -> Iterator[None]:
    """Hold the lease of the server whose API is at `api`, renewed in a thread, until the block is left.

    Raises ValueError with the holder's name where another checkout holds it. If it is lost meanwhile (the server was
    away for long, and another checkout came), this process gets SIGTERM.
    """
    over = threading.Event()
    identity(root)  # which makes the folder
    with (root / HOLDERS).open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        number = acquire(root, api)
        thread = threading.Thread(target=_renew, args=(root, api, number, over), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            _release_last(stream, root, api)


def acquire(root: Path, api: str) -> int:
    """The lease's number, once this checkout has it. Raises ValueError where another one does."""
    while True:
        found = latest(api)
        _check(root, api, found)
        if found and found.holder["checkout"] == identity(root):
            if _variables(api, "PATCH", f"name/{PREFIX}{found.number}", {"value": _holder(root)}).status == 204:
                return found.number
            continue
        number = found.number + 1 if found else 1
        if _variables(api, "POST", "", {"name": f"{PREFIX}{number}", "value": _holder(root)}).status == 201:
            if found:
                _variables(api, "DELETE", f"name/{PREFIX}{found.number}")
            return number


def check(root: Path) -> None:
    """Raise ValueError where another checkout holds the lease of the server in PREFECT_API_URL.

    For a run, before it begins and before it promotes: whoever started it holds the lease. A server that is away is no
    reason to end.
    """
    api = os.environ.get("PREFECT_API_URL")
    with suppress(OSError):
        _check(root, api or "", latest(api) if api else None)


def _check(root: Path, api: str, found: Lease | None) -> None:
    if found and found.age < SECONDS and found.holder["checkout"] != identity(root):
        who = found.holder
        raise ValueError(
            f"{api} is the server of another checkout: {who['path']} on {who['host']}, by {who['user']}, since "
            f"{who['since']}. A server serves one checkout: end what runs there (it is free then, at the latest "
            f"{SECONDS:.0f} s after), or use another server or database here"
        )


def latest(api: str) -> Lease | None:
    """The lease that counts, whoever has it and however old; None where there is none. Raises OSError."""
    answer = _variables(api, "POST", "filter", {"variables": {"name": {"like_": PREFIX}}, "limit": 200})
    leases = []
    for each in answer.json:
        number = each["name"].removeprefix(PREFIX)
        if number.isdecimal():
            updated = datetime.fromisoformat(each["updated"])
            leases.append(Lease(int(number), each["value"], (answer.time - updated).total_seconds()))
    return max(leases, default=None, key=lambda lease: lease.number)


def _renew(root: Path, api: str, number: int, over: threading.Event) -> None:
    holder = _holder(root)
    while not over.wait(BEAT):
        try:
            found = latest(api)
            if found and found.number == number:
                _variables(api, "PATCH", f"name/{PREFIX}{number}", {"value": {**holder, "renewed": _now()}})
            else:
                number = acquire(root, api)
        except ValueError as error:
            print(f"the lease of the Prefect server is lost, so this ends: {error}", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        except OSError:  # away, or on its way back
            continue


def _release_last(stream: Any, root: Path, api: str) -> None:
    """Give the lease back where no other process of this checkout holds it; where it cannot be, it runs out."""
    if not flocks.attempt(stream):
        return
    with suppress(OSError):
        found = latest(api)
        if found and found.holder["checkout"] == identity(root):
            _variables(api, "DELETE", f"name/{PREFIX}{found.number}")


def _holder(root: Path) -> dict[str, str]:
    return {
        "checkout": identity(root),
        "host": socket.gethostname(),
        "path": str(root.resolve()),
        "user": person.at_the_command_line(root),
        "since": _now(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _variables(api: str, method: str, path: str, body: Any = None) -> Answer:
    """An answer about variables; a name that is taken or gone is no error."""
    return call(api, method, f"variables/{path}", body, allowed=(404, 409))
