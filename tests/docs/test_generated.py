"""The generated files of docs/ are those that the code makes now."""

import re
from pathlib import Path

import pytest
import yaml

from docs.generate import generated, stage_graph

ROOT = Path(__file__).parents[2]
PIPELINE = """
stages:
  draw:
    foreach: ${drawn}
    do: {cmd: x, deps: [tasks/draw], outs: ['data/raw/${item}']}
  read:
    foreach: ${listed}
    do: {cmd: x, deps: ['data/raw/${item}', data/weights], outs: ['data/read/${item}']}
  join: {cmd: x, deps: [data/read, data/review.csv], outs: [data/joined]}
  show: {cmd: x, deps: [data/joined/rows, data/read], outs: [data/page/a.html, data/page/b.md]}
"""


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_a_generated_file_is_current(path: Path) -> None:
    assert path.read_text() == generated()[path], "run `python -m docs.generate`"


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    file = tmp_path / "dvc.yaml"
    file.write_text(PIPELINE)
    return file


def test_edges_follow_the_data(pipeline: Path) -> None:
    found = stage_graph.stages(pipeline)
    assert [stage.name for stage in found] == ["draw@NAME", "read@NAME", "join", "show"]
    names = [(found[a].name, found[b].name) for a, b in stage_graph.edges(found)]
    expected = {("draw@NAME", "read@NAME"), ("read@NAME", "join"), ("join", "show"), ("read@NAME", "show")}
    assert set(names) == expected


def test_the_image_names_stages_and_files(pipeline: Path) -> None:
    image = stage_graph.svg(pipeline)
    texts = ["draw@NAME", "data/read/NAME", "data/page/a.html, b.md", "reads data/weights", "reads data/review.csv"]
    for text in texts:
        assert f">{text}<" in image
    assert image.count("url(#tip)") == 4


def test_the_image_shows_each_edge_of_the_pipeline() -> None:
    found = stage_graph.stages(ROOT / "dvc.yaml")
    assert len(found) == len(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])
    assert stage_graph.svg(ROOT / "dvc.yaml").count("marker-end") == len(stage_graph.edges(found))


def test_the_image_is_wide_enough_for_its_longest_line(pipeline: Path) -> None:
    pipeline.write_text(PIPELINE.replace("data/weights", f"data/{'w' * 200}"))
    width = int(re.findall(r"width='(\d+)'", stage_graph.svg(pipeline))[0])
    assert width > 200 * 6
