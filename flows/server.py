"""Prefect's API for this checkout: the server that `serve` runs, or one for as long as a verb needs it.

Nothing here imports Prefect. So the server, which takes 5 s to start, starts beside the imports of who waits for it.
"""

import atexit
import fcntl
import http.client
import json
import os
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from flows import groups

HOST = "127.0.0.1"
STATE = Path("data/.state/prefect")
START_SECONDS = 120.0  # the first start creates the database
SETTLE_SECONDS = 5.0

SETTINGS = {
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",  # no flow here uses blocks, and registering takes 5 s once
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "20",  # by default a transaction for each state
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",  # below 1 is taken as 0, and the server spins
}
BRIEF = {"PREFECT__SERVER_EPHEMERAL": "1", "PREFECT_UI_ENABLED": "false"}
"""For the time of one run: no UI, no scheduler."""


class Server:
    """A Prefect server that was started; `url` is its address without the /api."""

    def __init__(self, port: int, group: groups.Group, log: Path):
        self.url, self.api = f"http://{HOST}:{port}", f"http://{HOST}:{port}/api"
        self.group = group
        self._log = log

    def await_healthy(self) -> None:
        """Return once it answers. Raises OSError where it ended instead, or took longer than START_SECONDS."""
        until = time.monotonic() + START_SECONDS
        while not healthy(self.api):
            if self.group.poll() is not None or time.monotonic() > until:
                raise OSError(f"Prefect's server at {self.url} did not start; the end of {self._log}:\n{self._tail()}")
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
        while _post(f"{self.api}/task_runs/count", wanted) and time.monotonic() < until:
            time.sleep(0.1)

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])


def start(root: Path, port: int, **settings: str) -> Server:
    """A Prefect server on the loopback that ends with this process, not yet healthy when this returns.

    Its database is in PREFECT_HOME, its log in `data/.state/prefect/server.log` below `root`.
    """
    log = root / STATE / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    api = f"http://{HOST}:{port}/api"
    address = {"PREFECT_SERVER_API_HOST": HOST, "PREFECT_SERVER_API_PORT": str(port), "PREFECT_UI_API_URL": api}
    env = groups.environment(**SETTINGS, **address, **settings)
    env.pop("PREFECT_API_URL", None)
    with log.open("ab") as stream:
        return Server(port, groups.Group(_command(port), root, env, stream), log)


def provide(root: Path) -> Server | None:
    """See to it that this process, which must not have imported Prefect yet, has an API to report its flow runs to.

    It is the one that PREFECT_API_URL names, else the one that `serve` of this checkout runs: None is returned. Else
    one is started, which ends when this process exits.
    """
    url = os.environ.get("PREFECT_API_URL") or announced(root)
    if url:
        os.environ["PREFECT_API_URL"] = url
        return None
    server = start(root, free_port(), **BRIEF)
    # Exit handlers run last in, first out: Prefect's, which send the last logs and events, come before this one. Not
    # waited for: the server closes once this process's connections are closed, which is when this process is gone.
    atexit.register(server.group.release)
    os.environ["PREFECT_API_URL"] = server.api
    return server


@contextmanager
def announcing(root: Path) -> Iterator[Callable[[str], None]]:
    """The right to tell the other verbs of this checkout where its API is, by the function that the block gets.

    Raises ValueError where another process has that right.
    """
    file = root / STATE / "serving"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"this checkout is being served already: {file.read_text().strip()}") from None
        stream.truncate(0)
        yield partial(print, file=stream, flush=True)


def announced(root: Path) -> str | None:
    """The API that `serve` of this checkout runs, None while it does not. The lock tells, and not what is written."""
    file = root / STATE / "serving"
    if not file.exists():
        return None
    with file.open() as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read_text().strip() or None
    return None


def healthy(api: str) -> bool:
    """Whether a Prefect API answers there."""
    try:
        with urllib.request.urlopen(f"{api}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):
        return False


def free_port() -> int:
    """A port of the loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def check_free(port: int) -> None:
    """Raises ValueError where something listens at the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ValueError(
                f"port {port} of {HOST} cannot be had ({error.strerror}): choose another by --port"
            ) from error


def _command(port: int) -> list[str]:
    application = "prefect.server.api.server:create_app"
    address = ["--host", HOST, "--port", str(port)]
    return [sys.executable, "-m", "uvicorn", "--factory", application, *address, "--log-level", "warning"]


def _post(url: str, body: dict[str, Any]) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)
