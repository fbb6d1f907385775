"""What the README tells people to type exists and does what it says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [line[2:].split("#")[0].strip() for block in re.findall(r"```console\n(.*?)```", README, re.S)
            for line in block.splitlines() if line.startswith("$ ")]  # fmt: skip


def output(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("hemaflow")])
def test_verbs_and_options_exist(command: str) -> None:
    words = shlex.split(command)[1:]
    verbs = [word for word in words[:2] if word in ("export", "clean", "model", "remote", "add", "push")] or words[:1]
    help_text = output(sys.executable, "-m", "hemaflow", *[word for word in verbs if word != "--help"], "--help")
    for option in re.findall(r"--[a-z-]+", command):
        assert option in help_text


def test_the_list_of_verbs_is_the_help_s_own() -> None:
    listed = output(sys.executable, "-m", "hemaflow", "--help").split("\nData:\n")[1].rstrip()
    assert listed in README
    assert "..." not in listed, "a line of help that is cut off tells nobody anything"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|\$ )make ([a-z-]+)", README))))
def test_make_knows_the_target(target: str) -> None:
    output("make", "--dry-run", target)


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_lead_to_files(link: str) -> None:
    assert (ROOT / link).exists()


def test_every_command_block_is_covered() -> None:
    known = ("hemaflow", "python -m benchmarks", "python -c", "make ", "git ", "source ", "cp ", "HEMAFLOW_")
    assert [command for command in COMMANDS if not command.startswith(known)] == []


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m (benchmarks\.\w+)", README))))
def test_benchmarks_exist(module: str) -> None:
    assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()


def test_the_first_screen_is_a_sentence_a_command_and_its_output() -> None:
    first = README.split("##")[0]
    assert first.splitlines()[2].endswith(".")
    assert "make repro" in first
    assert "on 240 test pictures" in first
