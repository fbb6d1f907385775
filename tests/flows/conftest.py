"""A toy of the project: the same stage names and the same `foreach` shape, with commands that take milliseconds."""

import atexit
import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

HERE = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

DVC = """
vars: [data/deliveries.yaml]
stages:
  demo:
    foreach: ${drawn}
    do: {cmd: 'python toy.py demo data/raw/${item}', deps: [toy.py], params: [demo], outs: ['data/raw/${item}']}
  ingest:
    foreach: ${deliveries}
    do:
      cmd: python toy.py ingest data/raw/${item} data/ingested/${item}
      deps: [toy.py, 'data/raw/${item}']
      params: [ingest]
      outs: ['data/ingested/${item}']
  embed:
    foreach: ${deliveries}
    do:
      cmd: python toy.py embed data/ingested/${item} data/embedded/${item}
      deps: [toy.py, 'data/ingested/${item}']
      outs: ['data/embedded/${item}']
  dedupe:
    cmd: python toy.py dedupe data/ingested data/embedded data/deduped
    deps: [toy.py, data/deliveries.yaml, data/ingested, data/embedded]
    params: [dedupe]
    outs: [data/deduped]
  outliers:
    cmd: python toy.py outliers data/deduped data/embedded data/inliers
    deps: [toy.py, data/deduped, data/embedded]
    outs: [data/inliers]
  split:
    cmd: python toy.py split data/deduped data/inliers data/clean
    deps: [toy.py, data/deduped, data/inliers]
    outs: [data/clean]
  report:
    cmd: python toy.py report data/clean data/deduped data/ingested data/curation
    deps: [toy.py, data/clean, data/deduped, data/ingested]
    outs: [data/curation]
  train:
    cmd: python toy.py train data/clean data/ingested data/network
    deps: [toy.py, data/clean, data/ingested]
    params: [train]
    outs: [data/network]
  calibrate:
    cmd: python toy.py calibrate data/clean data/ingested data/network data/model
    deps: [toy.py, data/clean, data/ingested, data/network]
    outs: [data/model]
  evaluate:
    cmd: python toy.py evaluate data/clean data/ingested data/model data/evaluation/scores
    deps: [toy.py, data/clean, data/ingested, data/model]
    outs: [data/evaluation/scores]
  explain:
    cmd: python toy.py explain data/clean data/ingested data/model data/evaluation/scores data/evaluation/examples
    deps: [toy.py, data/clean, data/ingested, data/model, data/evaluation/scores]
    outs: [data/evaluation/examples]
  card:
    cmd: python toy.py card data/clean data/model data/evaluation/scores data/evaluation/examples data/evaluation/card
    deps: [toy.py, data/clean, data/model, data/evaluation/scores, data/evaluation/examples]
    outs: [data/evaluation/card]
"""

# A stage writes what it read, hashed with its section of params.yaml. `words` of the section steer it: it prints them,
# `sleep N` sleeps, `fail` fails, `constant` makes the result the same whatever was read.
TOY = """
import hashlib, pathlib, sys, time, yaml
verb, *inputs, out = sys.argv[1:]
SUMMARY = '{"came": 4, "kept": 1, "dropped": 3, "stages": {}, "deliveries": {}, "classes": {}, "batches": {}}'
section = (yaml.safe_load(open("params.yaml")) or {}).get(verb) or {}
words = str(section.get("words", "")).split()
files = sorted(f for i in inputs for f in pathlib.Path(i).rglob("*") if f.is_file())
digest = hashlib.md5(repr(section).encode())
if "constant" in words:
    digest, files = hashlib.md5(), []
for file in files:
    digest.update(file.read_bytes())
out = pathlib.Path(out)
out.mkdir(parents=True, exist_ok=True)
print(verb, "says", *words)
if "sleep" in words:
    for tick in range(int(words[words.index("sleep") + 1]) * 10):
        time.sleep(0.1)
        with open(out / "ticks", "a") as log:
            log.write(f"{tick}\\n")
if "fail" in words:
    sys.exit("toy: this stage fails")
(out / "made.txt").write_text(digest.hexdigest())
if verb == "report":
    (out / "summary.json").write_text(SUMMARY)
"""

PARAMS = """\
# Settings of the toy.
classes: {ig: [], platelet: []}
demo: {words: ""}
ingest:
  words: ""     # steers the toy
dedupe:
  on_conflict: drop_all   # or keep_first
  words: ""
train:
  frozen_epochs: 3
  finetune_epochs: 2
  batch: 32
  learning_rate: 1.0e-4   # of Lion
  seed: 1
  words: ""
"""

LISTING = """\
# Deliveries.
deliveries:
- "demo"
drawn:
- "demo"
"""


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

    @staticmethod
    def await_ticks(root: Path) -> None:
        """Until train runs; it sleeps."""
        _await(lambda: (root / "data/network/ticks").exists(), 60, "train did not start")

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


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables for a child that is run in a toy: this checkout's packages, and nothing of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "GIT_", "DVC"))}
    return {
        **kept,
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
        "PYTHONPATH": str(HERE),
        "DVC_NO_ANALYTICS": "1",
    }


@pytest.fixture(scope="session")
def made_toy(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """The toy after a first `dvc repro`; copy it, do not write to it."""
    root = tmp_path_factory.mktemp("toy") / "project"
    (root / "data").mkdir(parents=True)
    for name, text in {"dvc.yaml": DVC, "toy.py": TOY, "params.yaml": PARAMS, "data/deliveries.yaml": LISTING}.items():
        (root / name).write_text(textwrap.dedent(text))
    (root / ".gitignore").write_text("/data/.state/\n/data/incoming/\n/data/quarantine/\n")
    (root / ".dvcignore").write_text("data/.state\ndata/incoming\ndata/quarantine\n")
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "repro", "-q"]):
        subprocess.run(command, cwd=root, env=environment, check=True)
    return root


@pytest.fixture
def toy(made_toy: Path, tmp_path: Path) -> Path:
    """A toy project of one's own, everything up to date."""
    return Path(shutil.copytree(made_toy, tmp_path / "toy", symlinks=True))


@pytest.fixture
def in_toy(toy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, entered."""
    monkeypatch.chdir(toy)
    return toy


@dataclass(frozen=True)
class Prefect:
    """A server for flows that are called in this process, and its database, which takes 15 s to create."""

    api: str
    home: Path

    def give_database(self, root: Path) -> None:
        """Let the project start from a copy of the database."""
        home = root / "data/.state/prefect"
        home.mkdir(parents=True)
        with (
            closing(sqlite3.connect(self.home / "prefect.db")) as here,
            closing(sqlite3.connect(home / "prefect.db")) as there,
        ):
            here.backup(there)


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Prefect:
    from flows import server

    root = tmp_path_factory.mktemp("prefect")
    started = server.start(root, server.free_port(), PREFECT_HOME=str(root), **server.BRIEF)
    started.await_healthy()
    # Not in a teardown: what Prefect has yet to send to a server that is gone it tries to send for a minute.
    atexit.register(started.group.release)
    return Prefect(started.api, root)


@pytest.fixture(scope="session")
def api(prefect: Prefect) -> Iterator[None]:
    """Has flows that are called in this process report to the server."""
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect.api, PREFECT_HOME: prefect.home}):
        yield
