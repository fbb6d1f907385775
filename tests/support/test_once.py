import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.once import once


def worker(base: Path, name: str = "") -> Any:
    """What `once` needs of a worker's tmp_path_factory."""
    return SimpleNamespace(getbasetemp=lambda: base / name if name else base)


def make(folder: Path) -> None:
    time.sleep(0.2)
    (folder.parent / "calls").open("a").write("made\n")
    (folder / "file").write_text("whole")


def ask(base: Path, number: int) -> None:
    assert (once(worker(base, f"popen-gw{number}"), "toy", make) / "file").read_text() == "whole"


def test_of_many_workers_one_makes_it_and_all_have_it(tmp_path: Path) -> None:
    # Threads, for each opens the lock file anew: a process forked off one with TensorFlow's threads might hang.
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(partial(ask, tmp_path), range(4)))
    assert (tmp_path / "once/calls").read_text() == "made\n"


def test_what_was_made_in_part_is_made_anew(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "part").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        once(worker(tmp_path), "toy", fail)
    folder = once(worker(tmp_path), "toy", make)
    assert [file.name for file in folder.iterdir()] == ["file"]
