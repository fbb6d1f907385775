"""Rules that hold over the whole project and that no single module's test would see broken."""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
STAGES = {name: stage.get("do", stage) for name, stage in PIPELINE.items()}
STUDIES = yaml.safe_load((ROOT / "studies" / "dvc.yaml").read_text())["stages"]
BOTH = {**STAGES, **STUDIES}
MODULES = {**{name: f"tasks.{name}.stage" for name in STAGES}, **dict.fromkeys(STUDIES, "tasks.study.stage")}
NETWORK = {"tensorflow", "keras", "keras_cv"}
WITHOUT_NETWORK = ["demo", "ingest", "embed", "dedupe", "outliers", "split", "report", "card"]


def imported(file: Path) -> set[str]:
    """Modules that `file` imports, anywhere in it, by their full name."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def reached(start: str) -> set[str]:
    """Modules of tasks that `start` imports, at any remove, without what the package itself does."""
    found, frontier = set(), [start]
    while frontier:
        module = frontier.pop()
        file = file_of(module)
        if file and module.startswith("tasks.") and module not in found:
            found.add(module)
            frontier += imported(file)
    return found


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("name", BOTH)
def test_all_code_that_a_stage_imports_is_among_its_deps(name: str) -> None:
    deps = [ROOT / dep for dep in BOTH[name]["deps"]]
    for module in reached(MODULES[name]):
        file = file_of(module)
        assert any(file == dep or dep in file.parents for dep in deps), (
            f"{name} imports {module}, no dep of it in dvc.yaml"
        )


def test_the_package_s_own_init_holds_nothing_that_an_output_follows_from() -> None:
    """It is among no stage's deps."""
    _, *code = ast.parse((ROOT / "tasks" / "__init__.py").read_text()).body
    assert [ast.unparse(line) for line in code] == ["from tasks import quiet", "quiet.install()"]


@pytest.mark.parametrize("name", BOTH)
def test_no_dep_is_there_in_vain(name: str) -> None:
    reads = {file_of(module) for module in reached(MODULES[name])}
    for dep in BOTH[name]["deps"]:
        if dep.startswith("tasks"):
            assert any(file == ROOT / dep or ROOT / dep in file.parents for file in reads), (
                f"{name} does not import {dep}"
            )
        else:
            assert dep in BOTH[name]["cmd"].split(), f"{name} depends on {dep} but is not given it"


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_has_its_package_its_tests_and_its_settings(name: str) -> None:
    for folder in (ROOT / "tasks" / name, ROOT / "tests" / "tasks" / name):
        assert any(folder.glob("*.py")), f"{folder} is empty"
    kinds = re.findall(r"command\.run\(main, (.*)\)", (ROOT / "tasks" / name / "stage.py").read_text())[0]
    assert [kind.strip().lower() for kind in kinds.split(",")] == STAGES[name]["params"]


@pytest.mark.parametrize("name", BOTH)
def test_every_output_is_cached(name: str) -> None:
    assert all(isinstance(out, str) for out in BOTH[name]["outs"]), "an output with options may leave the run cache"


@pytest.mark.parametrize("file", sources("tasks"), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_stage_imports_another(file: Path) -> None:
    texts = {file.name: file.read_text() for file in (ROOT / "tests").rglob("*.py")}
    assert [name for name, text in texts.items() if re.search(r"settings\([^)]*deadline", text)] == []
