"""The commands of docs/operations.md as they stand there, on a clone of this repository with a remote."""

import csv
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows.server.server import free_port
from operations.history import provenance
from tests.docs import pages
from tests.support.command import command_folder

pytestmark = [pytest.mark.long, pytest.mark.server]

ROOT = Path(__file__).parents[2]
SMALL = {"cells": "200", "frozen_epochs": "2", "finetune_epochs": "1", "finetune_blocks": "1"}
MINIMUMS = {"clean": "0.0", "corrupted": "0.0", "worst": "0.0", "mixed": "0.0", "recall": "0.0"}
NON_INFERIORITY_MARGINS = {
    "clean": "1.0",
    "corrupted": "1.0",
    "worst": "1.0",
    "mixed": "1.0",
    "recall": "1.0",
    "slices": "1.0",
}
PATIENCE = 900


def below(heading: str) -> list[list[str]]:
    return pages.blocks(pages.section("docs/operations.md", heading))


[[SERVE, LAND, EXPLAIN]] = below("## Unattended")
[[CHAMPION, PROMOTE, ROLLBACK]] = below("## The champion")
[[_, LINEAGE]] = below("## History")
[[ADD, COMMIT, PUSH, CLEAN_UP]] = below("## Remotes and the disk")


class Place:
    """A checkout, and the commands of a person in it whose home is the folder that it lies in."""

    def __init__(self, root: Path, commands: Path):
        self.commands = commands
        self.root, self.home = root, root.parent
        others = ("PREFECT", "HEMAFLOW_", "GIT_", "DVC", "PYTHONPATH")
        own = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        self.environment = {**own, "HOME": str(self.home), "DVC_NO_ANALYTICS": "1"}
        self.environment["PATH"] = os.pathsep.join([str(commands), str(Path(sys.executable).parent), own["PATH"]])

    def types(self, command: str) -> str:
        """What a command of the page says, which must succeed; the share on the page is a folder in the home."""
        words = command.replace("/mnt/nas", str(self.home / "nas"))
        done = subprocess.run(
            ["bash", "-c", words], cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, f"{words}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def sets(self, section: str, values: dict[str, str]) -> None:
        """Write settings into a section of params.yaml, `gate.minimums` being one too."""
        start = "".join(rf"\n *{name}:.*?" for name in section.split("."))
        text = (self.root / "params.yaml").read_text()
        for key, value in values.items():
            text, count = re.subn(rf"(?s)({start}\n +{key}: )[^\s]+", rf"\g<1>{value}", text, count=1)
            assert count == 1, key
        (self.root / "params.yaml").write_text(text)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """`make serve &`, at a port of its own, until the block ends."""
        assert SERVE == "make serve &"
        with (self.home / "served.txt").open("wb") as output:
            command = ["make", "serve", f"PORT={free_port()}"]
            made = subprocess.Popen(
                command, cwd=self.root, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            await_(lambda: "Prefect is at http://" in self.said() or made.poll() is not None, self.said)
            assert made.poll() is None, self.said()
            yield
        finally:
            for process in psutil.Process(made.pid).children():  # make itself hands no signal on
                process.terminate()
            made.wait(timeout=120)

    def said(self) -> str:
        return (self.home / "served.txt").read_text()[-6000:]


def await_(condition: Callable[[], object], told: Callable[[], str]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, told()
        time.sleep(0.5)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A clone of this repository, its settings small, its environment this one."""
    place = Place(tmp_path_factory.mktemp("home") / "hemaflow", command_folder(tmp_path_factory))
    (place.home / ".gitconfig").write_text(
        "[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n"
    )
    subprocess.run(["git", "clone", "-q", str(ROOT), str(place.root)], check=True)
    _lend_environment(place.root)
    for section in ("demo", "train"):
        known = {key: value for key, value in SMALL.items() if (key == "cells") is (section == "demo")}
        place.sets(section, known)
    place.sets("gate", {"level": "0.5"})
    place.sets("gate.minimums", MINIMUMS)
    place.sets("gate.non_inferiority_margins", NON_INFERIORITY_MARGINS)
    place.types("git add -A && git commit -qm Small")
    return place


def _lend_environment(root: Path) -> None:
    """Let `make` find everything installed: the lock's time is what it goes by."""
    (root / ".venv").symlink_to(sys.prefix)
    with (root / ".git/info/exclude").open("a") as file:
        file.write("/.venv\n")
    for lock in (root / "requirements").glob("*.lock"):
        os.utime(lock, (0, 0))
    if not (Path(sys.prefix) / ".installed-cpu").exists():
        pytest.skip("this Python was not installed by `make install`, so `make serve` would install another")


def is_up_to_date(place: Place) -> bool:
    last = place.types("hemaflow pipeline").splitlines()[-1]
    return bool(re.fullmatch(r"(\d+) stages: \1 unchanged", last))


def draw(place: Place, name: str, seed: int) -> Path:
    """A delivery of cells that nobody has seen, in class folders, in the page's ~/smears."""
    desk = place.home / "desk"
    desk.mkdir()
    settings = (place.root / "params.yaml").read_text().replace("seed: 7", f"seed: {seed}", 1)
    (desk / "params.yaml").write_text(settings)
    folder = place.home / "smears" / name
    folder.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tasks.demo.stage", str(folder), str(desk / "truth.csv")]
    subprocess.run(command, cwd=desk, env={**place.environment, "PYTHONPATH": str(place.root)}, check=True)
    return folder


def retrained(root: Path) -> dict[str, Any] | None:
    """The record of the retraining, once it has ended."""
    found = [provenance.read(root, run) for run in provenance.runs(root)]
    done = [record for record in found if record["flow"] == "retrain" and record["end"]]
    return done[-1] if done else None


def test_a_delivery_becomes_a_champion_and_another_checkout_answers_with_it(project: Place) -> None:
    (project.home / "nas").mkdir()
    assert "the remote is" in project.types(ADD)
    project.types(COMMIT)
    project.types("hemaflow pipeline")  # in a clean clone whose remote is empty
    assert "champion/1" in project.types(PROMOTE)
    project.types("git add -A && git commit -qm 'The first model'")
    project.types(PUSH)
    project.sets("train", {"frozen_epochs": "12", "finetune_epochs": "2"})
    project.types("git commit -qam 'Train longer'")
    draw(project, "2024-12", seed=8)
    with project.serving():
        project.types(LAND)
        await_(lambda: retrained(project.root), project.said)
        assert "retrain" in project.types(EXPLAIN)
        assert "champion/" in project.types(CHAMPION)
    record = retrained(project.root)
    assert record is not None
    assert (record["outcome"], record["error"]) == ("completed", None)
    assert record["facts"]["delivered"] == ["2024-12"]
    assert record["facts"]["promoted"] == "champion/2", record["facts"]["sentence"]
    assert "2024-12" in project.types(LINEAGE)
    assert "champion/1 is the champion again" in project.types(ROLLBACK)
    project.types(PUSH)
    assert project.types("hemaflow remote status") == "everything is on the remote\n"

    second = Place(project.home / "second", project.commands)
    subprocess.run(["git", "clone", "-q", str(project.root), str(second.root)], check=True)
    second.types("hemaflow remote pull")
    predict = "hemaflow predict ~/smears/2024-12 -o answers.csv || test $? = 3"  # one of them is damaged
    project.types(predict)
    second.types(predict)
    answers = (second.root / "answers.csv").read_bytes()
    assert answers == (project.root / "answers.csv").read_bytes()
    assert len(list(csv.DictReader(answers.decode().splitlines()))) == len(list((project.home / "smears").rglob("*.*")))
    assert is_up_to_date(second)

    assert "would free" in project.types(CLEAN_UP)
    project.types(CLEAN_UP.replace(" --dry-run", ""))
    assert is_up_to_date(project)
