"""A clone of this project that is being served, and a clock of the stage commands that run in it."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from flows.server import server

FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
BUSY = 503
CLOCK = """
import atexit, json, sys, time
if sys.orig_argv[1:2] == ["-m"] and sys.orig_argv[2].startswith("tasks."):
    began = time.time()
    def tell():
        with open({log!r}, "a") as log:
            log.write(json.dumps([began, time.time(), sys.orig_argv[2:]]) + "\\n")
    atexit.register(tell)
"""
"""Python runs it at the start of each process: what a stage's command itself takes, whoever started it."""


@dataclass(frozen=True)
class Command:
    """A stage's command, from the start of its Python to the end, in seconds since 1970."""

    start: float
    end: float
    words: list[str]


class Clock:
    """Notes the stage commands of all processes that have `environment`, in a folder of its own."""

    def __init__(self, folder: Path):
        folder.mkdir()
        self._log = folder / "commands.jsonl"
        (folder / "sitecustomize.py").write_text(CLOCK.format(log=str(self._log)))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "DVC_"))}
        path = [str(Path(sys.executable).parent), os.environ["PATH"]]
        self.environment = {**kept, "PATH": os.pathsep.join(path), "PYTHONPATH": str(folder), "DVC_NO_ANALYTICS": "1"}

    def between(self, start: float, end: float) -> list[Command]:
        """Those that began in that time."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        found = [Command(*json.loads(line)) for line in lines]
        return [command for command in found if start <= command.start < end]


def union(commands: list[Command]) -> float:
    """Seconds in which at least one of the commands ran."""
    total, until = 0.0, 0.0
    for command in sorted(commands, key=lambda each: each.start):
        total += max(0.0, command.end - max(command.start, until))
        until = max(until, command.end)
    return total


@dataclass(frozen=True)
class Served:
    """The process of `hemaflow serve`, and its API."""

    root: Path
    process: subprocess.Popen[bytes]
    api: str

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The API's answer; tries again where it is busy."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}/{path}", data, {"Content-Type": "application/json"})
        for _ in range(30):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != BUSY:
                    raise SystemExit(f"{path}: {error}: {error.read().decode()}") from None
                time.sleep(1)
        raise SystemExit(f"{path}: the server stays busy")

    def finished(self, name: str, seconds: float, **parameters: Any) -> dict[str, Any]:
        """A run of the deployment, started as the UI starts one, once it has ended."""
        deployment = self.call(f"deployments/name/{name}/{name}")["id"]
        run = self.call(f"deployments/{deployment}/create_flow_run", {"parameters": parameters})["id"]
        return self.ended(run, seconds)

    def ended(self, run: str, seconds: float) -> dict[str, Any]:
        """A run once it has ended; one that did not end as Completed ends this program."""
        until = time.monotonic() + seconds
        while (found := self.call(f"flow_runs/{run}"))["state_type"] not in FINAL:
            if time.monotonic() > until:
                raise SystemExit(f"run {found['name']} is {found['state_type']} after {seconds:g} s")
            time.sleep(0.5)
        if found["state_type"] != "COMPLETED":
            raise SystemExit(f"run {found['name']} ended as {found['state_name']}: {found['state']['message']}")
        return dict(found)

    def processes(self) -> dict[str, psutil.Process]:
        """The server's own process, and that of `serve`."""
        serve = psutil.Process(self.process.pid)
        for process in serve.children(recursive=True):
            if "uvicorn" in process.cmdline()[:3]:
                return {"Prefect's server": process, "serve": serve}
        raise SystemExit("there is no process of Prefect's server")


@contextmanager
def serving(root: Path, environment: dict[str, str]) -> Iterator[Served]:
    """Serve the project at a free port until the block is left."""
    port, output = server.free_port(), root / "data/.state/served.txt"
    output.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "hemaflow", "serve", "--port", str(port)]
    with output.open("wb") as stream:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=stream, stderr=subprocess.STDOUT)
    try:
        while "Prefect is at http://" not in output.read_text():
            if process.poll() is not None:
                raise SystemExit(f"serve ended:\n{output.read_text()}")
            time.sleep(0.1)
        yield Served(root, process, f"http://127.0.0.1:{port}/api")
    finally:
        process.terminate()
        process.wait(timeout=90)
