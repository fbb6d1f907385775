import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("small.py")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def small() -> SimpleNamespace:
    """What small.py defines."""
    return SimpleNamespace(**runpy.run_path(str(SCRIPT)))


@pytest.fixture(scope="session")
def start():
    """Starts small.py with a state folder and settings."""

    def run(state: Path, **changes: Any) -> subprocess.Popen:
        command = [sys.executable, str(SCRIPT), str(state), json.dumps(changes)]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT)

    return run


@pytest.fixture(scope="session")
def finish():
    """What a script that was started printed, and its last line as JSON."""

    def wait(process: subprocess.Popen) -> tuple[str, dict[str, Any]]:
        out, err = process.communicate()
        assert process.returncode == 0, err
        return out, json.loads(out.splitlines()[-1])

    return wait
