"""A toy that is being served, as a user serves it, and what tests ask of its server."""

import base64
import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from typing import Any

import psutil
import pytest

from flows.server import server
from operations.project.stages import SINGLE
from tests.support.fixtures import Steer

FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
OUTPUT = Path("data/.state/served.txt")
_shared: list["Served"] = []
_stack = ExitStack()


@dataclass
class Served:
    """The process of `serve`, and its API."""

    root: Path
    port: int
    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def output(self) -> str:
        return (self.root / OUTPUT).read_text()

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        request = urllib.request.Request(f"{self.api}/{path}", data, headers)
        for _ in range(10):
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:
                    return json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as error:
                if error.code != 503:  # busy with its database; Prefect's own client tries again too
                    raise
                time.sleep(1)
        raise AssertionError(f"{path}: the server stays busy")

    def deployment(self, name: str) -> Any:
        return self.call(f"deployments/name/{name}/{name}")

    def trigger(self, name: str = "pipeline", /, **parameters: Any) -> str:
        """The id of a new run, made as the UI's form makes it."""
        deployment = self.deployment(name)["id"]
        run = self.call(f"deployments/{deployment}/create_flow_run", {"parameters": parameters})
        return str(run["id"])

    def run(self, run: str) -> Any:
        return self.call(f"flow_runs/{run}")

    def state(self, run: str) -> str:
        return str(self.run(run)["state_type"])

    def await_state(self, run: str, *wanted: str, seconds: float = 120) -> str:
        until = time.monotonic() + seconds
        while (state := self.state(run)) not in wanted:
            assert time.monotonic() < until, f"the run is {state} still; serve said:\n{self.output[-3000:]}"
            time.sleep(0.3)
        return state

    def tasks(self, run: str) -> dict[str, str]:
        """Names of the states in which the run's tasks ended."""
        runs: list[Any] = []
        for _ in range(50):
            runs = self.call("task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
            if len(runs) == len(SINGLE) + 3 and all(task["state_type"] in FINAL for task in runs):
                break
            time.sleep(0.2)
        return {task["name"]: task["state_name"] for task in runs}

    def slots(self) -> dict[str, int]:
        """Slots that are taken, by limit."""
        limits = self.call("v2/concurrency_limits/filter", {})
        return {limit["name"]: limit["active_slots"] for limit in limits}

    def verb(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """`hemaflow ARGUMENTS` in the toy, ended."""
        command = [sys.executable, "-m", "hemaflow", *arguments]
        env = {**self.environment, **more}
        return subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, timeout=120)

    def in_training(self, words: str) -> str:
        """A run in the middle of train, which `words` have sleep for a while."""
        (self.root / "data/network/ticks").unlink(missing_ok=True)
        Steer.words(self.root, "train", words)
        run = self.trigger()
        Steer.await_ticks(self.root)
        return run

    def server_process(self) -> psutil.Process:
        """Prefect's server itself, below the guard of its group."""
        return self._below(server.APPLICATION)

    def run_process(self) -> psutil.Process:
        """That of the flow run which is at work."""
        return self._below("flows.serving.served_run")

    def _below(self, word: str) -> psutil.Process:
        guard = str(server.groups.GUARD)
        for process in psutil.Process(self.process.pid).children(recursive=True):
            command = process.cmdline()
            if word in command and guard not in command:
                return process
        raise AssertionError(f"no process with {word}")


NO_PROXY_THERE = "http://127.0.0.1:9"


@contextmanager
def serving(root: Path, environment: dict[str, str], *options: str, port: int | None = None) -> Iterator[Served]:
    """Serve a project until the block is left. Where HEMAFLOW_AUTH is in the environment, the calls give it."""
    port = port or server.free_port()
    command = [sys.executable, "-m", "hemaflow", "serve", "--port", str(port), *options]
    (root / OUTPUT).parent.mkdir(parents=True, exist_ok=True)
    with (root / OUTPUT).open("wb") as output:
        # As a shell's `&` starts it, with SIGINT ignored: nothing that ends it may depend on that.
        before = None
        if threading.current_thread() is threading.main_thread():
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        env = {**environment, "http_proxy": NO_PROXY_THERE}  # by which nothing on this machine may go
        process = subprocess.Popen(command, cwd=root, env=env, stdout=output, stderr=subprocess.STDOUT)
        if before is not None:
            signal.signal(signal.SIGINT, before)
    auth = environment.get("HEMAFLOW_AUTH")
    headers = {"Authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"} if auth else {}
    served = Served(root, port, process, environment, headers)
    try:
        _await_start(served)
        yield served
    finally:
        process.terminate()
        process.wait(timeout=240)  # as long as it takes: what the block raised is to be seen


def shared(request: pytest.FixtureRequest) -> Served:
    """One for all tests that leave it as it is, since a start takes some seconds; whoever ends it has it anew."""
    if not _shared or _shared[0].process.poll() is not None:
        folder = request.getfixturevalue("tmp_path_factory").mktemp("served") / "toy"
        root = Path(copytree(request.getfixturevalue("made_toy"), folder, symlinks=True))
        request.getfixturevalue("prefect").give_database(root)
        _shared[:] = [_stack.enter_context(serving(root, request.getfixturevalue("environment")))]
        request.config.add_cleanup(end_shared)
    Steer.words(_shared[0].root, "train", "")
    return _shared[0]


def end_shared() -> None:
    """End it where it runs; its schedules would go on for as long as the tests do."""
    _stack.close()


def _await_start(served: Served) -> None:
    until = time.monotonic() + 120
    while "Prefect is at http://" not in served.output:
        assert served.process.poll() is None, served.output
        assert time.monotonic() < until, served.output
        time.sleep(0.05)
