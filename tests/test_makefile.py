import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`make install` for an environment that does not exist yet."""
    command = ["make", "--silent", "install", f"VENV={folder / 'venv'}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def fake(folder: Path, script: str) -> str:
    file = folder / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("script", "got"),
    [
        ('[ "$1" = --version ] && echo Python 3.9.1 && exit; exit 1', "got Python 3.9.1 from"),
        ("exit 127", "got none from"),
    ],
    ids=["too-old", "broken"],
)
def test_a_wrong_python_is_one_clear_line(tmp_path: Path, script: str, got: str) -> None:
    done = make(tmp_path, f"PYTHON={fake(tmp_path, script)}")
    said = done.stderr.splitlines()
    assert done.returncode != 0
    assert said[0].startswith("hemaflow needs Python 3.11 or 3.12, ")
    assert got in said[0]
    assert not (tmp_path / "venv").exists()


def test_an_unknown_extra_is_named(tmp_path: Path) -> None:
    done = make(tmp_path, "EXTRA=tpu")
    assert "EXTRA must be cpu or gpu, got tpu" in done.stderr
    assert not (tmp_path / "venv").exists()
