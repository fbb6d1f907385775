"""What README.md and docs/ tell people to type exists and does what they say."""

import ast
import re
import shlex
import subprocess
from importlib import import_module
from typing import Any

import pytest
import yaml
from typer.main import get_command

from docs.generate import command_line
from hemaflow.__main__ import app
from tests.docs.pages import PAGES, ROOT, WRITTEN, commands, section

HEMAFLOW = get_command(app)
COMMANDS = sorted({command for text in WRITTEN.values() for command in commands(text)})
TEXT = "\n".join(WRITTEN.values())
INLINE = re.findall(r"`[^`\n]+`", TEXT)


def parsed(words: list[str]) -> dict[str, Any]:
    """Values of the words after `hemaflow`, read as the command line reads them, without running anything."""
    found = command_line.context(HEMAFLOW, "hemaflow")
    while hasattr(found.command, "commands"):
        name, *words = words
        assert name in found.command.commands, f"no such command: {name}"
        found = command_line.context(found.command.commands[name], name, found)
    return found.command.make_context(found.info_name, words, parent=found.parent).params


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("hemaflow ")])
def test_hemaflow_takes_the_command(command: str) -> None:
    parsed(shlex.split(command)[1:])


def test_what_hemaflow_does_not_take_is_seen() -> None:
    for words in (["nonesuch"], ["add"], ["add", "x", "--nonesuch"], ["predict", "x", "--tta", "3"]):
        with pytest.raises(Exception, match="(?i)no such|missing|is not one of"):
            parsed(words)


def test_settings_that_commands_set_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    from operations.settings import settings_form

    monkeypatch.chdir(ROOT)
    given = [*re.findall(r"--set (\S+=\S+)", "\n".join(COMMANDS)), "gate.minimums.clean=0.85", "magnitude=0.2"]
    assert all(settings_form.parse([value]).root for value in given)


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`hemaflow ([a-z -]+ --[a-z-]+)[^`]*`", TEXT))))
def test_options_named_in_the_text_exist(option: str) -> None:
    *words, last = option.split()
    command: Any = HEMAFLOW
    for word in words:
        command = command.commands[word]
    assert last in [name for parameter in command.params for name in parameter.opts]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z-]+)", "\n".join([*COMMANDS, *INLINE])))))
def test_make_knows_the_target(target: str) -> None:
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_is_of_a_kind_that_is_tested() -> None:
    known = ("hemaflow ", "python -m benchmarks", "python -c", "make ", "git ", "source ", "cp ", "export ")
    assert [command for command in COMMANDS if not command.startswith(known)] == []


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", PAGES["README.md"]))))
def test_links_of_the_readme_lead_to_files(link: str) -> None:
    assert (ROOT / link).exists()


def test_files_and_modules_that_pages_name_exist() -> None:
    top = "tasks|flows|operations|hemaflow|tests|studies|deploy|benchmarks|docs"
    named = {*re.findall(rf"(?<![\w/.-])((?:{top})/[a-z0-9_/.]*[a-z0-9_])(?![\w/{{*]|\.\w)", TEXT)}
    modules = {name.replace(".", "/") for name in re.findall(r"python -m (benchmarks\.\w+)", TEXT)}
    assert named
    assert modules
    written = re.compile("^studies/tables|^docs/|sharpness|hdf5")  # by a study; within links; examples of what is new
    wanted = [ROOT / name for name in named if not written.search(name)]
    wanted += [(ROOT / name).with_suffix(".py") for name in modules]
    assert [str(path.relative_to(ROOT)) for path in wanted if not path.exists()] == []


def test_each_stage_has_a_line_in_a_table() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert [name for name in stages if not re.search(rf"^\| `{name}(@NAME)?` \|", TEXT, re.M)] == []


def test_each_reason_for_which_rows_are_dropped_is_named() -> None:
    from tasks import reasons

    below = section("docs/data.md", "### Reasons")
    lines = dict(re.findall(r"^\| `(\w+)` \| ((?:`[a-z-]+`(?:, )?)+) \|$", below, re.M))
    said = {(stage, name) for stage, names in lines.items() for name in re.findall(r"`([a-z-]+)`", names)}
    assert said == {(reason.stage, reason.name) for reason in reasons.TABLE.values()}


def test_the_settings_of_a_training_exist() -> None:
    known = yaml.safe_load((ROOT / "params.yaml").read_text())["train"]
    first = re.findall(
        r"^\| ((?:`\w+`(?:, )?)+) \|", PAGES["docs/training.md"].split("## Settings")[1].split("\n## ")[0], re.M
    )
    named = [name for cell in first for name in re.findall(r"`(\w+)`", cell)]
    assert len(named) > 10
    assert [name for name in named if name not in known] == []


def test_the_readme_is_short_and_opens_with_a_sentence_a_command_and_its_output() -> None:
    readme = PAGES["README.md"]
    assert len(readme.splitlines()) <= 150
    first = readme.split("##")[0]
    assert first.splitlines()[2].endswith(".")
    assert "make repro" in first
    assert "on 240 test images" in first


def test_no_page_names_a_file_of_one_machine() -> None:
    assert re.findall(r"(?<![\w~.])/(?:work|root|home|tmp)/\S+", TEXT) == []


@pytest.mark.parametrize("code", re.findall(r"(?s)```python\n(.*?)```", TEXT))
def test_code_on_a_page_compiles_and_what_it_takes_from_the_project_exists(code: str) -> None:
    tree = ast.parse(code)
    modules = {
        alias.name: import_module(f"{node.module}.{alias.name}")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "tasks"
        for alias in node.names
    }
    taken = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    own = {"reasons.BLURRED"}
    names = [name.split(".") for name in taken - own if name.split(".")[0] in modules]
    assert [name for name in names if not hasattr(modules[name[0]], name[1])] == []
