"""A SIGKILL at any step of a landing neither loses nor doubles anything.

The quick cases have a stand-in for `dvc add` and take some ten steps, spread over all; those that take long have every
step, and the real one, in the middle of which they die too.
"""

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from operations.deliveries import waiting
from operations.landing import outbox
from operations.process import flocks, lock
from operations.project import dvc_file
from tasks.delivery import raw
from tests.operations.landing.conftest import AtWork
from tests.support.killed import NEVER, killed

PNG = b"\x89PNG\r\n\x1a\n"
SOME = 8

Fill = Callable[[Any], None]


def at_work(project: Any, busy: bool) -> AbstractContextManager[object]:
    """A run that has the project's lock, or none."""
    return AtWork(project.root) if busy else nullcontext()


def check_untouched(project: Any, step: str) -> None:
    """What a run reads is as it was, and all else is done: nothing is left in the landing folder."""
    assert len(project.listed()) == 1, step
    assert {path.name for path in (project.root / "data/raw").iterdir()} == {".gitignore", "demo"}, step
    assert project.in_incoming() == [], step


def await_free(project: Any) -> None:
    """Until the last child of what was killed has let go of the project's lock: a landing does not wait for it."""
    until = time.monotonic() + 60
    while flocks.is_taken(project.root / lock.FILE):
        assert time.monotonic() < until, lock.holder(project.root)
        time.sleep(0.01)


def steps(
    project: Any, fill: Fill, number: int | None, also_children: bool = True, after: str = "", busy: bool = False
) -> Iterator[str]:
    """For each step of a look, or a number of them: the project once the look was killed there and another one ended.

    From the first step on in which the text `after` stands.
    """
    project.reset()
    fill(project)
    with at_work(project, busy):
        lines = killed(NEVER, project)
    first, last = next(at for at, line in enumerate(lines, 1) if after in line), len(lines)
    assert last > 2 * SOME
    for step in sorted({round(each) for each in np.linspace(first, last, number or last)}):
        project.reset()
        fill(project)
        with at_work(project, busy):
            died = killed(step, project, also_children)[step - 1]
            if busy or not also_children:  # a look that finds the lock taken, by a run or by the DVC that goes on
                project.look()
            if busy:
                check_untouched(project, died)
        await_free(project)
        project.look()
        yield f"step {step} of {last}: {died}"


def folder(project: Any) -> None:
    project.drop("batch", {f"wrapping/{name}": each for name, each in project.GOOD.items()}, marked=True)


def marked_inside(project: Any) -> None:
    project.drop("batch", {**project.GOOD, ".complete": b""})


def packed(project: Any) -> None:
    project.write(project.root.parent / "zipped", project.GOOD)
    shutil.make_archive(str(project.incoming / "batch"), "zip", project.root.parent / "zipped")


def npz(project: Any) -> None:
    images, classes = np.zeros((2, 1, 1, 3), np.uint8), ["ig", "platelet"]
    np.savez(project.incoming / "batch.npz", images=images, labels=[[0], [1]], classes=classes)


def numbered(project: Any) -> None:
    """The second of its name."""
    project.drop("batch", {"neutrophil/c.png": PNG + b"c"})
    project.look()
    project.emitted()
    folder(project)


def known(project: Any) -> None:
    project.drop("batch", project.GOOD)
    project.look()
    project.emitted()
    project.drop("again", project.GOOD, marked=True)


def known_twice(project: Any) -> None:
    known(project)
    project.look()
    project.drop("again", project.GOOD)


def bad(project: Any) -> None:
    project.drop("bad", project.BAD, marked=True)


def on_another_file_system(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drop folder, as far as renames can tell."""
    original = os.rename

    def rename(source: Any, target: Any, **options: Any) -> None:
        if len({Path(end).is_relative_to(project.incoming) for end in (source, target)}) == 2:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        original(source, target, **options)

    monkeypatch.setattr(os, "rename", rename)


def check_landed(project: Any, step: str, fill: Fill) -> None:
    """Once, whole, and nothing else anywhere."""
    name = "batch-2" if fill is numbered else "batch"
    listed, place = project.listed(), project.root / "data/raw"
    assert listed == (["demo", "batch", name] if fill is numbered else ["demo", name]), step
    if fill is npz:
        with np.load(place / name / "batch.npz") as arrays:
            assert arrays["labels"].tolist() == [[0], [1]], step
    else:
        assert project.content(place / name) == project.GOOD, step
    assert dvc_file.read(project.root, name)["meta"]["digest"] == raw.digest(place / name), step
    files = {".gitignore", "demo", *(f"{each}{ending}" for each in listed[1:] for ending in ("", ".dvc"))}
    assert {path.name for path in place.iterdir()} == files, step
    assert sorted((place / ".gitignore").read_text().splitlines()) == sorted(f"/{each}" for each in listed), step
    assert project.reasons() == {}, step
    assert set(project.emitted()) == {name}, step
    check_tidy(project, step)


def check_aside(project: Any, step: str, fill: Fill) -> None:
    """Once, whole, with its reason, and nothing else anywhere."""
    name, wanted = ("bad", project.BAD) if fill is bad else ("again", project.GOOD)
    place = project.quarantine / f"{name}-1"
    assert list(project.quarantine.iterdir()) == [place], step
    assert {path.name for path in place.iterdir()} == {name, "reason.txt", "reason.json"}, step
    assert project.content(place / name) == wanted, step
    assert project.reasons()[place.name], step
    assert project.listed() == (["demo"] if fill is bad else ["demo", "batch"]), step
    assert project.emitted() == [], step
    check_tidy(project, step)


def check_tidy(project: Any, step: str) -> None:
    assert project.in_incoming() == [], step
    assert {path.name for path in (project.root / "data/.state").iterdir()} <= {"lock", "landing.lock", "accepted"}, (
        step
    )
    assert list((project.root / waiting.FOLDER).glob("*")) == [], step
    assert [path for path in (project.root / "data").iterdir() if path.name.startswith(".d")] == [], step
    assert outbox.noted(project.root) == [], step
    assert lock.holder(project.root) is None, step


LANDED = [folder, marked_inside, packed, npz, numbered]
ASIDE = [known, known_twice, bad]


@pytest.mark.parametrize(
    ("fill", "far"),
    [(folder, False), (packed, False), (npz, False), (numbered, False), (known, False), (bad, False), (bad, True)],
    ids=lambda value: getattr(value, "__name__", "far" if value else "near"),
)
def test_killed_at_some_steps(project: Any, monkeypatch: pytest.MonkeyPatch, fill: Fill, far: bool) -> None:
    _check(project, monkeypatch, fill, far, SOME)


@pytest.mark.long
@pytest.mark.parametrize("far", [False, True], ids=["near", "far"])
@pytest.mark.parametrize("fill", [*LANDED, *ASIDE], ids=lambda fill: fill.__name__)
def test_killed_at_each_step(project: Any, monkeypatch: pytest.MonkeyPatch, fill: Fill, far: bool) -> None:
    _check(project, monkeypatch, fill, far, None)


@pytest.mark.parametrize("fill", [folder, bad], ids=lambda fill: fill.__name__)
def test_killed_at_some_steps_while_a_run_works(project: Any, monkeypatch: pytest.MonkeyPatch, fill: Fill) -> None:
    _check(project, monkeypatch, fill, False, SOME // 2, busy=True)


@pytest.mark.long
@pytest.mark.parametrize("fill", [folder, marked_inside, packed, npz, bad], ids=lambda fill: fill.__name__)
def test_killed_at_each_step_while_a_run_works(project: Any, monkeypatch: pytest.MonkeyPatch, fill: Fill) -> None:
    _check(project, monkeypatch, fill, False, None, busy=True)


def _check(
    project: Any, monkeypatch: pytest.MonkeyPatch, fill: Fill, far: bool, number: int | None, busy: bool = False
) -> None:
    if far:
        on_another_file_system(project, monkeypatch)
    for step in steps(project, fill, number, busy=busy):
        (check_landed if fill in LANDED else check_aside)(project, step, fill)


@pytest.fixture
def real(project: Any, real_add: Any, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The project under git and DVC, with the real `dvc add`."""
    first = project.root.with_name("first")
    shutil.copytree(project.first, first)
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
        subprocess.run(command, cwd=first, env=environment, check=True)
    monkeypatch.setattr(dvc_file, "add", real_add)
    project.first = first
    project.reset()
    return project


def check_versioned(project: Any, step: str, environment: dict[str, str]) -> None:
    """DVC knows the delivery, and has all of it in its cache."""

    def dvc(*arguments: str) -> str:
        return subprocess.check_output(["dvc", *arguments], cwd=project.root, env=environment, text=True)

    assert dvc("status") == "Data and pipelines are up to date.\n", step
    shutil.rmtree(project.root / "data/raw/batch")
    dvc("checkout", "-q", "data/raw/batch.dvc")
    assert project.content(project.root / "data/raw/batch") == project.GOOD, step


@pytest.mark.long
@pytest.mark.parametrize("also_children", [True, False], ids=["the group", "the landing alone"])
def test_killed_in_dvc(real: Any, environment: dict[str, str], also_children: bool) -> None:
    """Where the landing alone dies, the next one after the end of DVC, which goes on, lists the delivery."""
    for step in steps(real, folder, None if also_children else 2 * SOME, also_children, after="Popen"):
        check_landed(real, step, folder)
        check_versioned(real, step, environment)
