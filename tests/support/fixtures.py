"""A toy of the project: the same stage names and the same `foreach` shape, with commands that take milliseconds."""

import atexit
import contextlib
import os
import pickle
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import prefect.utilities.math
import psutil
import pytest
import websockets.asyncio.connection

from tests.support import retrained, toy_project
from tests.support.command import command_folder
from tests.support.once import once
from tests.support.question import Question
from tests.support.receiver import Received, receiving

HERE = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DATABASE = "prefect.db"

# Prefect's client lives on in a thread, and each of its pings would draw a number from the one generator of `random`,
# from which Keras takes the seeds of layers: a later test's two networks of one seed differed when a ping came between.
for drawing in (prefect.utilities.math, websockets.asyncio.connection):
    drawing.random = random.Random()  # type: ignore[attr-defined]


class Steer:
    """What tests do to a toy, and wait for."""

    @staticmethod
    def words(root: Path, section: str, words: str) -> None:
        """Set the `words` of a section of params.yaml."""
        file = root / "params.yaml"
        pattern = rf'(?s)(\n{section}:(?:(?!\n\w).)*?words: )"[^"]*"'
        text, count = re.subn(pattern, lambda found: found[1] + f'"{words}"', file.read_text(), count=1)
        assert count == 1
        file.write_text(text)
        (root / "data/.state/awake").unlink(missing_ok=True)

    @staticmethod
    def await_ticks(root: Path) -> None:
        """Until train runs; it sleeps."""
        _await(lambda: (root / "data/network/ticks").exists(), 240, "train did not start")

    @staticmethod
    def wake(root: Path) -> None:
        """End the sleep of stages, until words are set again."""
        (root / "data/.state/awake").touch()

    @staticmethod
    def await_no_process(root: Path) -> None:
        """Until nothing works in the toy any more."""
        _await(lambda: not _processes_in(root), 10, f"left: {_processes_in(root)}")


def _await(condition: Callable[[], bool], seconds: float, message: str) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, message
        time.sleep(0.1)


def _processes_in(root: Path) -> list[str]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == root.resolve():
                found.append(f"{process.pid}: {' '.join(process.cmdline())}")
    return found


@pytest.fixture(scope="session")
def steer() -> Steer:
    return Steer()


@pytest.fixture(scope="module", autouse=True)
def _shared_by_flows_alone(request: pytest.FixtureRequest) -> None:
    """End the server that tests of flows share, once a worker comes to other tests."""
    served = sys.modules.get("tests.support.served")
    if served and HERE / "tests/flows" not in request.path.parents:
        served.end_shared()


@pytest.fixture
def receiver() -> Iterator[Received]:
    """A receiver of webhooks; HEMAFLOW_WEBHOOK is not set to it yet."""
    with receiving() as got:
        yield got


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables for a child that is run in a toy: this checkout's packages and command, and nothing of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "GIT_", "DVC"))}
    return {
        **kept,
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PATH": os.pathsep.join([str(command_folder(tmp_path_factory)), str(BIN), os.environ["PATH"]]),
        "PYTHONPATH": str(HERE),
        "DVC_NO_ANALYTICS": "1",
    }


@pytest.fixture(scope="session")
def made_toy(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """The toy after a first `dvc repro`; copy it, do not write to it."""

    def make(root: Path) -> None:
        for name, text in toy_project.FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "repro", "-q"]):
            subprocess.run(command, cwd=root, env=environment, check=True)

    return once(tmp_path_factory, "toy", make)


@pytest.fixture
def toy(made_toy: Path, tmp_path: Path) -> Path:
    """A toy project of one's own, everything up to date."""
    return Path(shutil.copytree(made_toy, tmp_path / "toy", symlinks=True))


@pytest.fixture
def in_toy(toy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, entered."""
    monkeypatch.chdir(toy)
    return toy


@pytest.fixture
def in_repository(in_toy: Path, environment: dict[str, str]) -> Path:
    """The same, with all of it committed to git."""
    who = {f"GIT_{role}_{what}": "toy" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for command in (["git", "add", "-A"], ["git", "commit", "-q", "-m", "Toy"]):
        subprocess.run(command, cwd=in_toy, env={**environment, **who}, check=True)
    return in_toy


@dataclass(frozen=True)
class Prefect:
    """A server for flows that are called in this process, and a database like its own, which takes 15 s to create."""

    api: str
    home: Path
    database: Path
    """as it was created"""

    def give_database(self, root: Path) -> None:
        """Let the project start from a copy of the database."""
        home = root / "data/.state/prefect"
        home.mkdir(parents=True)
        shutil.copy(self.database, home)


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Prefect:
    from flows.server import server

    root, running = tmp_path_factory.mktemp("prefect"), []

    def start(created: Path | None = None) -> None:
        running.append(server.start(root, server.free_port(), PREFECT_HOME=str(root), **server.BRIEF))
        running[0].await_healthy()
        if created:
            with (
                closing(sqlite3.connect(root / DATABASE)) as here,
                closing(sqlite3.connect(created / DATABASE)) as there,
            ):
                here.backup(there)

    database = once(tmp_path_factory, "database", start) / DATABASE
    if not running:
        shutil.copy(database, root)
        start()
    # Not in a teardown: what Prefect has yet to send to a server that is gone it tries to send for a minute.
    atexit.register(running[0].group.release)
    return Prefect(running[0].api, root, database)


@pytest.fixture(scope="session")
def api(prefect: Prefect) -> Iterator[None]:
    """Has flows that are called in this process report to the server."""
    from prefect.events import emit_event
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect.api, PREFECT_HOME: prefect.home}):
        # All events of this process go to the server that the first one went to: that must be none which a test ends.
        emit_event("hemaflow.tests.begun", {"prefect.resource.id": "hemaflow.tests"})
        yield


@pytest.fixture
def question(prefect: Prefect, api: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Question]]:
    """Starts a flow that will ask: `question(flow, parameter=...)`."""
    monkeypatch.setattr("flows.retraining.approval.POLL_SECONDS", 0.1)
    started: list[Question] = []

    def ask(flow: Any, **parameters: Any) -> Question:
        started.append(Question(prefect.api, flow, parameters))
        return started[-1]

    yield ask
    for each in started:
        each.cancel()


@pytest.fixture(scope="session")
def made_champion(made_toy: Path, tmp_path_factory: pytest.TempPathFactory, api: None) -> tuple[Path, Any]:
    """A committed toy whose model became the first champion, by a retraining, and what that said."""

    def make(folder: Path) -> None:
        root = Path(shutil.copytree(made_toy, folder / "toy", symlinks=True))
        retrained.git(root, "add", "-A")
        retrained.git(root, "-c", "user.name=toy", "-c", "user.email=toy", "commit", "-q", "-m", "Toy")
        with contextlib.chdir(root):
            (folder / "told").write_bytes(pickle.dumps(retrained.retrained()))

    folder = once(tmp_path_factory, "champion", make)
    return folder / "toy", pickle.loads((folder / "told").read_bytes())


@pytest.fixture
def with_champion(made_champion: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, entered."""
    copy = Path(shutil.copytree(made_champion[0], tmp_path / "toy", symlinks=True))
    monkeypatch.chdir(copy)
    monkeypatch.setenv("PYTHONPATH", str(HERE))  # for children that run modules of flows: a checkout has them at hand
    return copy


@pytest.fixture
def with_second(with_champion: Path, steer: Any, tmp_path: Path) -> Path:
    """The same with a second delivery, from which a better model is to be had."""
    from operations.deliveries.add_remove import add

    add(with_champion, retrained.images(tmp_path / "second"), "second")
    steer.words(with_champion, "train", retrained.BETTER)
    return with_champion


@pytest.fixture
def child(environment: dict[str, str], prefect: Any) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Runs code in a process of its own, in the working directory."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *words: str) -> subprocess.Popen[str]:
        env = {**environment, "PREFECT_API_URL": prefect.api, "PREFECT_HOME": str(prefect.home)}
        command = [sys.executable, "-c", code, *words]
        started.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
