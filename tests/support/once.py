"""What all workers of pytest-xdist share: the first that wants it makes it, the others wait and take it."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder of that name, made by `make(folder)` in the first process of this test run that asks.

    Where `make` raises, the next one that asks tries again. Copy what is in it, do not write to it.
    """
    folder = _shared(tmp_path_factory) / name
    done = folder.with_name(f"{name}.done")
    with folder.with_name(f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the whole test run's; a worker's own base lies in it as `popen-gw0`."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / "once"
    folder.mkdir(exist_ok=True)
    return folder
