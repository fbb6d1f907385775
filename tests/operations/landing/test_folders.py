"""Which folders are emptied: those that params.yaml names and that bear the project's mark."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from operations.landing import folders, landing_zone

CLASSES = "classes: {ig: [], platelet: [], neutrophil: []}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    name(root)
    return root


def name(root: Path, *landing: str | Path) -> None:
    """Write params.yaml, with landing folders if any are given."""
    section = {"landing": {"folders": [str(each) for each in landing]}} if landing else {}
    (root / "params.yaml").write_text(f"{CLASSES}{json.dumps(section)[1:-1]}\n")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_data_incoming_is_made_and_marked_by_whoever_looks(root: Path) -> None:
    assert folders.usable(root) == ([root / "data/incoming"], [])
    assert json.loads((root / "data/incoming" / folders.MARKER).read_text())["project"] == str(root)
    assert landing_zone.entries(root / "data/incoming") == []


def test_a_project_that_was_moved_keeps_its_own_folder(root: Path) -> None:
    folders.usable(root)
    moved = root.rename(root.with_name("moved"))
    assert folders.usable(moved) == ([moved / "data/incoming"], [])
    assert json.loads((moved / "data/incoming" / folders.MARKER).read_text())["project"] == str(moved)


def test_one_without_a_mark_is_told_and_left_as_it_is(root: Path, tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (share / "thesis.docx").write_text("years of work")
    name(root, "data/incoming", share)
    good, [problem] = folders.usable(root)
    assert good == [root / "data/incoming"]
    assert f"{share} is not marked as a landing folder" in problem
    assert folders.SET_UP in problem
    assert files(share) == {"thesis.docx": b"years of work"}


def test_a_share_that_is_not_mounted_is_told_and_not_made(root: Path, tmp_path: Path) -> None:
    name(root, tmp_path / "share")
    folders.set_up(root)
    (tmp_path / "share").rename(tmp_path / "away")
    assert "is no folder: mount it" in folders.usable(root)[1][0]
    (tmp_path / "share").mkdir()  # the mount point
    assert "is not marked" in folders.usable(root)[1][0]
    assert list((tmp_path / "share").iterdir()) == []


def test_set_up_marks_it_and_says_what_lies_there(root: Path, tmp_path: Path) -> None:
    share = tmp_path / "share"
    (share / "batch/ig").mkdir(parents=True)
    name(root, "data/incoming", share)
    told = folders.set_up(root)
    assert told[0].endswith("data/incoming is a landing folder; no entries lie in it")
    assert told[1] == f"{share} is a landing folder; 1 entry lies in it"
    assert folders.usable(root) == ([root / "data/incoming", share], [])
    assert folders.set_up(root) == told


def test_another_projects_folder_is_neither_emptied_nor_taken_over(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for project in (other, root):
        name(project, tmp_path / "share")
    folders.set_up(other)
    mark = (tmp_path / "share" / folders.MARKER).read_bytes()
    assert f"is the landing folder of {other}" in folders.usable(root)[1][0]
    with pytest.raises(ValueError, match=f"is the landing folder of {other}"):
        folders.set_up(root)
    assert (tmp_path / "share" / folders.MARKER).read_bytes() == mark
    assert folders.usable(other) == ([tmp_path / "share"], [])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"project": 1}', "\xff"])
def test_a_mark_that_says_nothing_is_nobodys(root: Path, tmp_path: Path, text: str) -> None:
    name(root, tmp_path / "share")
    folders.set_up(root)
    (tmp_path / "share" / folders.MARKER).write_bytes(text.encode("latin1"))
    assert folders.usable(root)[0] == []


def _link(root: Path) -> Path:
    elsewhere = root.with_name("elsewhere")
    elsewhere.mkdir()
    root.with_name("link").symlink_to(elsewhere)
    return root.with_name("link")


def _link_into_the_project(root: Path) -> Path:
    (root / "data/raw").mkdir(parents=True)
    root.with_name("up").symlink_to(root / "data")
    return root.with_name("up") / "raw"


def _quarantine_elsewhere(root: Path) -> Path:
    share = root.with_name("share")
    share.mkdir()
    (share / landing_zone.QUARANTINE).symlink_to(root)
    return share


def _own_one_elsewhere(root: Path) -> Path:
    (root / "data").mkdir()
    (root / "data/incoming").symlink_to(root.parent)
    return root / "data/incoming"


PLACES: dict[str, Callable[[Path], Path]] = {
    "the project": lambda root: root,
    "above the project": lambda root: root.parent,
    "git's": lambda root: root / ".git/x",
    "DVC's": lambda root: root / ".dvc/cache",
    "raw data": lambda root: root / "data/raw",
    "raw data by way of incoming": lambda root: root / "data/incoming/../raw",
    "another's git": lambda root: root.with_name("other") / ".git/objects",
    "a link": _link,
    "a link into the project": _link_into_the_project,
    "a quarantine elsewhere": _quarantine_elsewhere,
    "data/incoming elsewhere": _own_one_elsewhere,
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_what_can_be_no_landing_folder_is_refused_by_all(root: Path, place: Callable[[Path], Path]) -> None:
    folder = place(root)
    name(root, folder)
    before = {path: os.path.lexists(path) for path in (folder, folder / folders.MARKER)}
    good, [problem] = folders.usable(root)
    assert good == []
    with pytest.raises(ValueError, match="expected"):
        folders.set_up(root)
    assert "expected" in problem
    assert {path: os.path.lexists(path) for path in before} == before


@pytest.mark.parametrize("other", ["share/lab", "share", "."], ids=["inside", "the same", "around"])
def test_one_inside_another_is_refused(root: Path, tmp_path: Path, other: str) -> None:
    name(root, tmp_path / "share", tmp_path / other)
    with pytest.raises(ValueError, match="lie in one another"):
        folders.usable(root)


def test_what_is_no_delivery_stays_in_its_folder_and_what_is_one_is_taken(project: Any, tmp_path: Path) -> None:
    share = tmp_path / "share"
    name(project.root, "data/incoming", share)
    folders.set_up(project.root)
    project.write(share, {"holiday.jpg": b"beach", **{f"cells/{path}": each for path, each in project.GOOD.items()}})
    project.look(folder=share)
    assert project.listed() == ["demo", "cells"]
    assert sorted(files(share)) == [
        folders.MARKER,
        *(f"quarantine/holiday.jpg-1/{each}" for each in ("holiday.jpg", "reason.json", "reason.txt")),
    ]
    assert not (project.root / "data/quarantine").exists()
