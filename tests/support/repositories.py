"""Repositories of git to try things on."""

import os
import subprocess
from pathlib import Path

import pytest

FILES = {"kept.txt": "kept\n", "edited.txt": "as it was\n", "folder/name with ü.txt": "deep\n", "gone.txt": "gone\n"}


def run(root: Path, *words: str, **more: str) -> str:
    """What git itself says, as a user would call it."""
    done = subprocess.run(["git", *words], cwd=root, env={**os.environ, **more}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of four files, by somebody with a name; the settings of whoever runs this do not count."""
    (tmp_path / "home").mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    root = tmp_path / "project"
    root.mkdir()
    run(root, "init", "-q", "-b", "main")
    run(root, "config", "user.name", "Ada")
    run(root, "config", "user.email", "ada@example.org")
    fill(root)
    run(root, "add", "-A")
    run(root, "commit", "-qm", "First")
    return root


def fill(root: Path) -> None:
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        (root / name).write_text(text)


def staged(root: Path) -> dict[str, str]:
    """What git's index has."""
    lines = run(root, "ls-files", "-z", "--stage").split("\0")
    return dict(reversed(line.split("\t")) for line in lines if line)
