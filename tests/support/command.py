"""The command `hemaflow` for tests: of the code that Python finds, where the installed one has that of one checkout."""

import sys
from pathlib import Path

import pytest


def command_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with the command in it."""
    made = tmp_path_factory.mktemp("bin")
    file = made / "hemaflow"
    file.write_text(f'#!/bin/sh\nexec {sys.executable} -m hemaflow "$@"\n')
    file.chmod(0o755)
    return made
