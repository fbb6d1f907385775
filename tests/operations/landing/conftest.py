"""A project and its drop folder, with stand-ins for `dvc add`, which takes a second, and for Prefect's API."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from flows import events
from operations.deliveries import add_remove
from operations.landing import folders, landing, landing_zone
from operations.landing.landing import Landed
from operations.process import lock
from operations.project import dvc_file, listing
from tests.support.quick_add import quick_add

PNG = b"\x89PNG\r\n\x1a\n"
HERE = Path(__file__).parents[3]
OURS = {folders.MARKER, landing_zone.QUARANTINE}


class Project:
    """`reset` throws it away and has it anew."""

    GOOD: ClassVar = {"ig/a.png": PNG, "platelet/b.png": PNG + b"2"}
    BAD: ClassVar = {"blast/a.png": PNG, "blast/b.png": PNG}

    def __init__(self, root: Path, first: Path):
        self.root, self.first = root, first
        self.incoming, self.quarantine = root / "data/incoming", root / "data/incoming/quarantine"
        self.reset()

    def reset(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.first, self.root, symlinks=True)

    def drop(self, name: str, files: dict[str, bytes], marked: bool = False) -> Path:
        """Put a folder into the drop folder."""
        self.write(self.incoming / name, files)
        if marked:
            (self.incoming / f"{name}.complete").touch()
        return self.incoming / name

    def look(self, settle_seconds: float = 0, folder: Path | None = None) -> list[Landed]:
        """What `watch` does, without Prefect."""
        return landing.look(
            self.root,
            [folder or self.incoming],
            settle_seconds,
            each=lambda entry: landing.land(self.root, entry),
            send=lambda: list(events.send(self.root)),
        )

    def listed(self) -> list[str]:
        return listing.names(self.root)

    def reasons(self) -> dict[str, str]:
        """What reason.txt says, by the folder in the quarantine."""
        return {folder.name: (folder / "reason.txt").read_text().strip() for folder in self.quarantine.glob("*")}

    def in_incoming(self) -> list[str]:
        """Hidden things too, but nothing of ours."""
        return sorted(path.name for path in self.incoming.iterdir() if path.name not in OURS)

    def emitted(self) -> list[str]:
        """What Prefect's API was told, since the last call."""
        file = self.root / "emitted"
        names = file.read_text().split() if file.exists() else []
        file.unlink(missing_ok=True)
        return names

    def emit(self, delivered: add_remove.Added) -> None:
        append(self.root / "emitted", f"{delivered.name}\n")

    @staticmethod
    def write(folder: Path, files: dict[str, bytes]) -> None:
        """Files by their paths below the folder."""
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    @staticmethod
    def content(folder: Path) -> dict[str, bytes]:
        """The same, read."""
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class AtWork:
    """Another process, which holds a lock of the project, until `end` or the end of the block."""

    CODE = """
import sys, pathlib
from operations.process import lock
with lock.held(pathlib.Path(), "at work", pathlib.Path(sys.argv[1])):
    print(flush=True)
    sys.stdin.readline()
"""

    def __init__(self, root: Path, file: Path = lock.FILE):
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(
            [sys.executable, "-c", self.CODE, str(file)], cwd=root, env=environment, **pipes
        )
        self.pid = self._process.pid
        assert self._process.stdout.readline() == "\n"

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.communicate("\n", timeout=20)

    def __enter__(self) -> "AtWork":
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()


@pytest.fixture(scope="session")
def made_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "project"
    Project.write(root, {"params.yaml": b"classes: {ig: [], platelet: [], neutrophil: []}\n"})
    Project.write(root, {"data/deliveries.yaml": b'deliveries:\n- "demo"\ndrawn: []\n'})
    Project.write(root, {"data/raw/demo/ig/d.png": PNG + b"d", "data/raw/.gitignore": b"/demo\n"})
    Project.write(root, {".gitignore": b"/data/.state/\n/data/incoming/\n/data/waiting/\n/emitted\n"})
    (root / "data/incoming").mkdir()
    return root


@pytest.fixture(scope="session")
def real_add() -> Callable[[Path, str], None]:
    return dvc_file.add


@pytest.fixture
def project(made_project: Path, real_add: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(tmp_path / "project", made_project)
    monkeypatch.setattr(dvc_file, "add", quick_add)
    monkeypatch.setattr(events, "accepted", project.emit)
    return project


def append(file: Path, text: str) -> None:
    with file.open("a") as stream:
        stream.write(text)
