"""Rules that hold over the whole project and that no single module's test would see broken."""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
STAGES = {name: stage.get("do", stage) for name, stage in PIPELINE.items()}
STUDIES = yaml.safe_load((ROOT / "studies" / "dvc.yaml").read_text())["stages"]
BOTH = {**STAGES, **STUDIES}
MODULES = {name: stage["cmd"].split()[2] for name, stage in BOTH.items()}
PACKAGES = {name: MODULES[name].split(".")[1] for name in STAGES}
SECOND_LISTS = {"external": "ingest"}
"""Stages that run another's command over a list of their own."""
NETWORK = {"tensorflow", "keras", "keras_cv"}
WITHOUT_NETWORK = ["demo", "ingest", "embed", "dedupe", "outliers", "split", "data_report", "model_report"]


@cache
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


def members(module: str) -> set[str]:
    """The modules of a package that imports all it has, as a registry does; none of another."""
    file = file_of(module)
    if not file or file.name != "__init__.py" or "iter_modules(__path__)" not in file.read_text():
        return set()
    return {f"{module}.{each.stem}" for each in file.parent.glob("*.py") if each != file}


def reached(start: str) -> set[str]:
    """Modules of tasks that `start` imports, at any remove, without what the package itself does."""
    found, frontier = set(), [start]
    while frontier:
        module = frontier.pop()
        file = file_of(module)
        if file and module.startswith("tasks.") and module not in found:
            found.add(module)
            frontier += imported(file) | members(module)
    return found


def sources(*folders: str) -> list[Path]:
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


def here(file: Path) -> str:
    return str(file.relative_to(ROOT))


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
    package = PACKAGES[name]
    assert package == SECOND_LISTS.get(name, name)
    for folder in (ROOT / "tasks" / package, ROOT / "tests" / "tasks" / package):
        assert any(folder.glob("*.py")), f"{folder} is empty"
    kinds = re.findall(r"command\.run\(main, (.*)\)", (ROOT / "tasks" / package / "stage.py").read_text())[0]
    assert [re.sub(r"(?<!^)(?=[A-Z])", "_", kind.strip()).lower() for kind in kinds.split(",")] == STAGES[name][
        "params"
    ]


@pytest.mark.parametrize("name", BOTH)
def test_every_output_is_cached(name: str) -> None:
    assert all(isinstance(out, str) for out in BOTH[name]["outs"]), "an output with options may leave the run cache"


def test_no_stage_imports_another() -> None:
    assert {here(file): found for file in sources("tasks") if (found := _stages_imported(file))} == {}


def _stages_imported(file: Path) -> set[str]:
    own = file.relative_to(ROOT / "tasks").parts[0]
    others = {f"tasks.{package}" for package in PACKAGES.values()} - {f"tasks.{own}"}
    others -= {"tasks.train"} if own == "study" else set()  # a study trains as train does, from the same nouns
    others |= {module for module in MODULES.values() if not module.startswith(f"tasks.{own}.")}
    return {module for module in imported(file) if any(module == o or module.startswith(f"{o}.") for o in others)}


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_s_trials_have_their_own_section_and_files(name: str) -> None:
    stage, trial = STUDIES[name], f"{name}.${{item.trial}}"
    assert stage["wdir"] == ".."
    assert stage["cmd"].split()[:5] == ["python", "-m", "tasks.study.stage", name, "${item.trial}"]
    assert stage["params"] == ["classes", {"studies/params.yaml": [trial]}]
    assert stage["outs"] == [f"studies/results/{trial.replace('.', '/', 1)}.json"]
    assert stage["cmd"].endswith(f"{stage['outs'][0]} data/.state data/runs/study-{trial.replace('.', '-', 1)}.json")


@pytest.mark.parametrize("name", WITHOUT_NETWORK)
def test_stages_without_a_network_load_no_tensorflow(name: str) -> None:
    modules = {module for start in reached(f"tasks.{name}.stage") for module in imported(file_of(start))}
    assert not {module.split(".")[0] for module in modules} & NETWORK


def test_kerascv_stays_behind_one_file() -> None:
    files = sources("tasks", "operations", "flows", "hemaflow")
    users = [here(file) for file in files if any(module.startswith("keras_cv") for module in imported(file))]
    assert users == ["tasks/augment/kerascv.py"]


def keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(map(str, value)) | {key for inner in value.values() for key in keys(inner)}
    return {key for inner in value for key in keys(inner)} if isinstance(value, list) else set()


@pytest.mark.parametrize("file", ["params.yaml", "studies/params.yaml"])
def test_no_params_key_is_invisible_to_dvc_s_run_cache(file: str) -> None:
    # DVC 3.67 leaves keys of these names, at any depth, out of the run cache's key: stale outputs come back.
    assert not keys(yaml.safe_load((ROOT / file).read_text())) & {"size", "nfiles"}


def test_paths_of_artifacts_stand_in_dvc_yaml_alone() -> None:
    found = {here(file): paths for file in sources("tasks") if (paths := _paths_in_data(file))}
    del found["tasks/landing/settings.py"]  # the drop folder: where data comes from, nothing that a stage makes
    assert found == {}


def _paths_in_data(file: Path) -> set[str]:
    literals = {node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)}
    return {text for text in literals if isinstance(text, str) and text.startswith("data/")}


def test_no_file_is_longer_than_300_lines() -> None:
    files = sources("tasks", "operations", "flows", "hemaflow", "tests", "benchmarks")
    assert {here(file): lines for file in files if (lines := len(file.read_text().splitlines())) > 300} == {}


def test_no_test_sets_a_deadline_of_its_own() -> None:
    """The profile in conftest.py says it for all."""
    files = [file for file in sources("tests") if re.search(r"settings\([^)]*deadline", file.read_text())]
    assert [here(file) for file in files if file != Path(__file__)] == []


def test_this_python_is_one_that_the_project_names() -> None:
    assert (3, 11) <= sys.version_info[:2] <= (3, 12)
