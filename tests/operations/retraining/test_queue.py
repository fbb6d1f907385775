"""Real processes: a lock that threads or mocks stand in for would prove nothing of what the kernel does."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from operations.process import flocks

# Says what became of it, and stays at work until a file says that it may go.
VISIT = """
import sys, time
from pathlib import Path
from operations.retraining import queue
root, name, alone = Path(sys.argv[1]), sys.argv[2], sys.argv[2].startswith("alone")
with queue.turn(root, name, alone) as ahead:
    print(f"left to {ahead}" if ahead else "at work", flush=True)
    while not ahead and not (root / "go").exists():
        time.sleep(0.01)
"""

# Lands a delivery, then takes a turn, and in it all that is listed by then.
TAKE = """
import sys, time
from pathlib import Path
from operations.retraining import queue
root, name = Path(sys.argv[1]), sys.argv[2]
(root / "listed" / name).touch()
with queue.turn(root, name) as ahead:
    if not ahead:
        (root / "busy").mkdir()  # raises where another is at work
        for one in (root / "listed").iterdir():
            (root / "taken" / one.name).touch()
        time.sleep(0.05)
        (root / "busy").rmdir()
        (root / "worked" / name).touch()
"""

Visitor = subprocess.Popen[str]
Comes = Callable[[str], Visitor]


@pytest.fixture
def comes(tmp_path: Path) -> Iterator[Comes]:
    started: list[Visitor] = []

    def start(name: str) -> Visitor:
        command = [sys.executable, "-c", VISIT, str(tmp_path), name]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for visitor in started:
        visitor.kill()
        visitor.communicate()


def test_one_works_one_waits_and_the_third_is_told_who_waits(comes: Comes, tmp_path: Path) -> None:
    first = comes("first")
    assert said(first) == "at work"
    second = comes("second")
    assert said(second) == "waiting for the retraining at work: first"
    assert [said(comes(name)) for name in ("third", "fourth")] == ["left to second"] * 2
    (tmp_path / "go").touch()
    assert said(second) == "at work"
    assert first.wait() == second.wait() == 0


def test_one_that_does_what_no_other_does_leaves_it_to_nobody_and_takes_nobody_s(comes: Comes, tmp_path: Path) -> None:
    first = comes("first")
    assert said(first) == "at work"
    waiting = [comes(name) for name in ("alone with settings", "second", "alone with others")]
    assert [said(one) for one in waiting] == ["waiting for the retraining at work: first"] * 3
    (tmp_path / "go").touch()
    assert [said(one) for one in waiting] == ["at work"] * 3


@pytest.mark.parametrize("killed", ["at work", "waiting"])
def test_a_killed_run_leaves_its_place(comes: Comes, killed: str) -> None:
    first = comes("first")
    assert said(first) == "at work"
    second = comes("second")
    assert said(second).startswith("waiting")
    (first if killed == "at work" else second).send_signal(signal.SIGKILL)
    if killed == "at work":
        assert said(second) == "at work"
    else:
        assert said(comes("third")) == "waiting for the retraining at work: first"


def test_a_place_of_a_folder_that_was_deleted_is_none(tmp_path: Path) -> None:
    """Nobody else would find its file: two would have the place, so whoever waited for it looks again."""
    file, had = tmp_path / "state/place", []
    first = flocks.take(file, "first")
    waiter = threading.Thread(target=lambda: had.append(flocks.take(file, "second", wait=True)), daemon=True)
    waiter.start()
    time.sleep(0.3)  # it waits for the file that goes now
    shutil.rmtree(file.parent)
    third = flocks.take(file, "third")
    assert None not in (first, third)
    flocks.leave(first or 0)
    waiter.join(0.3)
    assert (had, flocks.name(file)) == ([], "third")
    flocks.leave(third or 0)
    waiter.join(10)
    assert flocks.name(file) == "second"


def test_whatever_landed_before_somebody_was_turned_away_is_taken(tmp_path: Path) -> None:
    """Twenty in a row, each as soon as it can: none is lost, none works beside another, and fewer work than came."""
    for folder in ("listed", "taken", "worked"):
        (tmp_path / folder).mkdir()
    names = [f"d{k}" for k in range(20)]
    runs = [subprocess.Popen([sys.executable, "-c", TAKE, str(tmp_path), name]) for name in names]
    assert [run.wait() for run in runs] == [0] * len(runs)
    found = {folder: {path.name for path in (tmp_path / folder).iterdir()} for folder in ("taken", "worked")}
    assert found["taken"] == set(names)
    assert 1 <= len(found["worked"]) < len(names)


def test_a_look_at_a_place_says_whether_somebody_has_it(tmp_path: Path) -> None:
    file = tmp_path / "state/place"
    assert not flocks.is_taken(file)
    place = flocks.take(file, "me")
    assert place is not None
    assert (flocks.is_taken(file), flocks.name(file), flocks.take(file, "you")) == (True, "me", None)
    flocks.leave(place)
    assert (flocks.is_taken(file), flocks.name(file)) == (False, "")


def said(visitor: Visitor) -> str:
    """Its next line, waited for; empty where it has ended. One that says nothing for a while is killed."""
    assert visitor.stdout is not None
    alarm = threading.Timer(20, visitor.kill)
    alarm.start()
    line = visitor.stdout.readline().rstrip()
    alarm.cancel()
    return line
