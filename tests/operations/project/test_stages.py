from pathlib import Path

import pytest

from operations.project.stages import STAGES, Stage, edges, stages

HERE = Path(__file__).parents[3]
LISTS = {"deliveries": ["a", "b"], "drawn": ["a"], "external": ["c"]}


def test_those_of_the_project_are_its_own_in_their_order() -> None:
    found = stages(HERE, LISTS)
    assert [each.name for each in found][:5] == ["demo@a", "ingest@a", "ingest@b", "embed@a", "embed@b"]
    assert list(dict.fromkeys(each.key for each in found)) == list(STAGES)
    assert all(each.about for each in found), "the UI shows what a stage is for"


def test_edges_follow_the_files() -> None:
    made = edges(stages(HERE, LISTS))
    assert made["ingest@a"] == ["demo@a"]
    assert made["ingest@b"] == []
    assert made["external@c"] == []
    assert [name for name, read in made.items() if "external@c" in read] == ["evaluate"]
    assert made["embed@b"] == ["ingest@b"]
    assert {"ingest@a", "ingest@b", "embed@a", "embed@b"} <= {*made["dedupe"]}, "it reads the folder around them"


def test_a_stage_above_what_it_reads_is_refused() -> None:
    found = [Stage("late", "", ("data/x/part",), ("data/y",)), Stage("early", "", (), ("data/x",))]
    with pytest.raises(ValueError, match="late reads what early makes, so it has to stand below that"):
        edges(found)
    assert edges(found[::-1]) == {"early": [], "late": ["early"]}
