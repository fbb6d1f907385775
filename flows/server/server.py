"""Prefect's API for this checkout: the server that `serve` runs, or one for as long as a verb needs it.

Nothing here imports Prefect. So the server, which takes 5 s to start, starts beside the imports of who waits for it.
"""

import atexit
import fcntl
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from flows.server import access, database, proxy
from flows.server.api import call, check_admitted, healthy, named
from operations.process import flocks, groups

HOST = access.LOOPBACK
APPLICATION = "flows.server.application:create_app"
HERE = str(Path(__file__).parents[2])
STATE = Path("data/.state/prefect")
VERBS = STATE / "verbs"
START_SECONDS = 120.0  # the first start creates the database
SETTLE_SECONDS = 5.0
ANSWER_SECONDS = 30.0

SETTINGS = {
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",  # the one that is used registers itself, and all take 5 s once
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "20",  # by default a transaction for each state
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",  # below 1 is taken as 0, and the server spins
    # By default in memory: a server that is started again would not know who holds the slots that its database counts.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "flows.serving.ordering",  # crashes from before its start are told at once
    "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "5",  # a run that waits for another looks so often
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",  # those of 90 days ago; `watch` makes 1,440 a day
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",  # that one asks a host of Amplitude's, whatever analytics are set to
    "PREFECT_UI_API_URL": "/api",  # of where the browser has the page from, whatever name it knows that by
}
BRIEF = {"PREFECT__SERVER_EPHEMERAL": "1", "PREFECT_UI_ENABLED": "false", "PREFECT_UI_URL": ""}
"""For the time of one run: no UI, no scheduler."""
PATIENT = {"PREFECT_CLIENT_MAX_RETRIES": "8"}
"""For clients of a server that is started again where it ends: 2, 4, 8, ... s between tries, 8 minutes in all."""

_alive: list[IO[bytes]] = []
_brief: list["Server"] = []
"""The one that this process started for itself, and that ends with it."""


class Server:
    """A Prefect server that was started; `url` is its address without the /api.

    The first `before` bytes of its log are of another one.
    """

    def __init__(self, url: str, group: groups.Group, log: Path, before: int = 0):
        self.url, self.api = url, f"{url}/api"
        self.group = group
        self.log, self._before = log, before

    def __str__(self) -> str:
        return f"Prefect is at {self.url}"

    def await_healthy(self) -> None:
        """Return once it answers. Raises OSError where it ended instead, or took longer than START_SECONDS."""
        until = time.monotonic() + START_SECONDS
        while not healthy(self.api):
            if self.group.poll() is not None or time.monotonic() > until:
                raise OSError(f"Prefect's server at {self.url} did not start; the end of {self.log}:\n{self._tail()}")
            time.sleep(0.05)

    def end(self) -> None:
        """End it, and wait until nothing of it is left."""
        self.group.end()

    def settle(self, flow_run: str) -> None:
        """Wait, for a few seconds at most, until every task of a run that ended is recorded as ended.

        States of tasks travel as events; a server that is stopped while it writes them loses them.
        """
        open_states = {"state": {"type": {"any_": ["PENDING", "RUNNING"]}}}
        wanted = {"flow_runs": {"id": {"any_": [flow_run]}}, "task_runs": open_states}
        until = time.monotonic() + SETTLE_SECONDS
        while call(self.api, "POST", "task_runs/count", wanted, seconds=5).json and time.monotonic() < until:
            time.sleep(0.1)

    def _tail(self) -> str:
        own = self.log.read_bytes()[self._before :].decode(errors="replace")
        return "\n".join(own.splitlines()[-15:]) or "(nothing)"


def start(root: Path, port: int, host: str = HOST, url: str | None = None, **settings: str) -> Server:
    """A Prefect server that ends with this process, not yet healthy when this returns.

    Its log is `data/.state/prefect/server.log` below `root`, its database the one at `url`, else the one of the
    environment (`database.chosen`), else a file in PREFECT_HOME. It asks for the password of the environment
    (`access.password`), where there is one. Raises ValueError where one of these is malformed.
    """
    log = root / STATE / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    here = access.url(host, port)
    proxy.leave_out(host)
    address = {"PREFECT_SERVER_API_HOST": host, "PREFECT_SERVER_API_PORT": str(port), "PREFECT_UI_URL": here}
    pages = {"PREFECT_SERVER_CORS_ALLOWED_ORIGINS": here}  # else a page of anybody's might read from it
    stored = database.chosen(url)
    kept = {"PREFECT_API_DATABASE_CONNECTION_URL": stored} if stored else {}
    env = groups.environment(**{**SETTINGS, **address, **pages, **kept, **access.for_server(), **settings})
    env.pop("PREFECT_API_URL", None)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [HERE, env.get("PYTHONPATH")]))
    with log.open("ab") as stream:
        return Server(here, groups.Group(_command(host, port), root, env, stream), log, stream.tell())


def provide(root: Path) -> Server | None:
    """See to it that this process, which must not have imported Prefect yet, has an API to report its flow runs to.

    It is the one that PREFECT_API_URL names, else the one that `serve` of this checkout runs: None is returned. Else
    one is started, which ends when this process exits. Raises ValueError where the server asks for another password
    than that of the environment, and OSError where the server does not answer: that of this checkout may be on its way
    back for a while.
    """
    _alive.append(_shared(root))
    if named():
        os.environ.update(access.for_clients())
        return None
    url = announced(root)
    if url:
        await_answer(url)
        check_admitted(url)
        os.environ.update({"PREFECT_API_URL": url, **access.for_clients(), **PATIENT})
        return None
    server = start(root, free_port(), **BRIEF)
    _brief.append(server)
    # Exit handlers run last in, first out: Prefect's, which send the last logs and events, come before this one. Not
    # waited for: the server closes once this process's connections are closed, which is when this process is gone.
    atexit.register(server.group.release)
    os.environ.update({"PREFECT_API_URL": server.api, **access.for_clients()})
    return server


def await_answer(api: str, seconds: float = ANSWER_SECONDS) -> None:
    """Return once it answers. Raises OSError where it does not within so many seconds."""
    until = time.monotonic() + seconds
    while not healthy(api):
        if time.monotonic() > until:
            raise OSError(f"{api}, the server of this checkout, does not answer: see {STATE / 'server.log'}")
        time.sleep(0.2)


def lasts() -> bool:
    """Whether the server that this process reports to is there after it."""
    return not _brief


def is_own(root: Path) -> bool:
    """Whether the server that this process reports to, if it runs here, keeps its state in this checkout."""
    return os.environ.get("PREFECT_HOME") == str(root / STATE)


def verbs_run(root: Path) -> bool:
    """Whether a verb of this checkout that runs a flow is at work, or waits to be."""
    with (root / VERBS).open("ab") as stream:
        return not flocks.attempt(stream)


@contextmanager
def announcing(root: Path) -> Iterator[Callable[[str], None]]:
    """The right to tell the other verbs of this checkout where its API is, by the function that the block gets.

    Raises ValueError where another process has that right.
    """
    file = root / STATE / "serving"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as stream:
        if not flocks.attempt(stream):
            raise ValueError(f"this checkout is being served already: {file.read_text().strip()}")
        stream.truncate(0)
        yield partial(print, file=stream, flush=True)


def announced(root: Path) -> str | None:
    """The API that `serve` of this checkout runs, None while it does not. The lock tells, and not what is written."""
    file = root / STATE / "serving"
    return flocks.name(file).strip() or None if flocks.is_taken(file) else None


def free_port() -> int:
    """A port of the loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _command(host: str, port: int) -> list[str]:
    address = ["--host", host, "--port", str(port)]
    return [sys.executable, "-m", "uvicorn", "--factory", APPLICATION, *address, "--log-level", "warning"]


def _shared(root: Path) -> IO[bytes]:
    """A hold on the file of the verbs at work, which the kernel lets go when this process ends."""
    file = root / VERBS
    file.parent.mkdir(parents=True, exist_ok=True)
    stream = file.open("ab")
    fcntl.flock(stream, fcntl.LOCK_SH)
    return stream
