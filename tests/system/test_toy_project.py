"""The toy has what the project has, so that no test passes for lack of it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.project.stages import STAGES
from tests.support import toy_project

ROOT = Path(__file__).parents[2]
PIPELINES = ["dvc.yaml", "studies/dvc.yaml"]


def real(name: str) -> str:
    return (ROOT / name).read_text()


def stages(text: str) -> dict[str, Any]:
    """Of each stage what ties it to others: the data that it reads and writes, its settings, what it is made for."""
    found = {}
    for name, stage in yaml.safe_load(text)["stages"].items():
        does = stage.get("do", stage)
        deps = sorted(dep for dep in does["deps"] if dep.startswith("data/"))
        found[name] = (stage.get("foreach"), "matrix" in stage, does.get("wdir"), deps, does["params"], does["outs"])
    return found


def keys(text: str) -> list[str]:
    return list(yaml.safe_load(text))


def test_pipelines_are_in_the_same_files() -> None:
    found = {str(file.relative_to(ROOT)) for part in ("", "studies", "data", "flows", "operations", "tasks")
             for file in (ROOT / part).glob("dvc.yaml")}  # fmt: skip
    assert sorted(found) == PIPELINES == sorted(name for name in toy_project.FILES if name.endswith("dvc.yaml"))


@pytest.mark.parametrize("name", PIPELINES)
def test_stages_are_the_same(name: str) -> None:
    assert keys(toy_project.FILES[name]) == keys(real(name))
    assert stages(toy_project.FILES[name]) == stages(real(name))


@pytest.mark.parametrize("name", ["params.yaml", "data/deliveries.yaml", "data/external.yaml"])
def test_sections_are_the_same(name: str) -> None:
    assert keys(toy_project.FILES[name]) == keys(real(name))


def test_settings_are_the_same_but_for_the_words() -> None:
    toy, project = yaml.safe_load(toy_project.PARAMS), yaml.safe_load(real("params.yaml"))
    for section in project.keys() - {"classes"}:
        assert list(toy[section]) == [*(["words"] if section in STAGES else []), *project[section]]


def test_sections_of_the_studies_are_the_same() -> None:
    assert set(keys(toy_project.STUDIES_PARAMS)) == set(keys(real("studies/params.yaml")))


@pytest.mark.parametrize("name", [".gitignore", ".dvcignore", "studies/.gitignore"])
def test_what_is_ignored_in_the_toy_is_ignored_in_the_project(name: str) -> None:
    assert set(toy_project.FILES[name].splitlines()) <= set(real(name).splitlines())


def test_verdicts_are_written_in_the_same_table() -> None:
    assert toy_project.FILES["data/review.csv"].splitlines()[0] == real("data/review.csv").splitlines()[0]
