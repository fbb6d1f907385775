import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flows import drop


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    folder = tmp_path / "data/incoming"
    folder.mkdir(parents=True)
    (tmp_path / "data/.state").mkdir()
    return folder


def _folder(incoming: Path) -> None:
    (incoming / "batch/ig").mkdir(parents=True)
    (incoming / "batch/ig/a.png").write_text("a")


def _mark_beside(incoming: Path) -> None:
    _folder(incoming)
    (incoming / "batch.complete").touch()


def _mark_inside(incoming: Path) -> None:
    _folder(incoming)
    (incoming / "batch/.complete").touch()


def _file(incoming: Path) -> None:
    (incoming / "batch.zip").write_text("zip")


def _marked_file(incoming: Path) -> None:
    _file(incoming)
    (incoming / "batch.zip.complete").touch()


def _file_marked_without_its_ending(incoming: Path) -> None:
    _file(incoming)
    (incoming / "batch.complete").touch()


def _mark_alone(incoming: Path) -> None:
    (incoming / "batch.complete").touch()


def _hidden(incoming: Path) -> None:
    (incoming / ".batch.zip.Ab3dE").write_text("zip")  # what rsync writes before it renames


def _preserved_time(incoming: Path) -> None:
    _file(incoming)
    os.utime(incoming / "batch.zip", (0, 0))  # as `cp -p` and rsync leave it


CASES: list[tuple[Callable[[Path], None], list[str], list[str]]] = [
    (_folder, [], ["batch"]),
    (_file, [], ["batch.zip"]),
    (_mark_beside, ["batch"], ["batch"]),
    (_mark_inside, ["batch"], ["batch"]),
    (_marked_file, ["batch.zip"], ["batch.zip"]),
    (_file_marked_without_its_ending, ["batch.zip"], ["batch.zip"]),
    (_mark_alone, [], []),
    (_hidden, [], []),
    (_preserved_time, [], ["batch.zip"]),
]


@pytest.mark.parametrize(("fill", "at_once", "settled"), CASES, ids=[case[0].__name__.strip("_") for case in CASES])
def test_complete(incoming: Path, fill: Callable[[Path], None], at_once: list[str], settled: list[str]) -> None:
    fill(incoming)
    assert [entry.name for entry in drop.complete(incoming, 60.0)] == at_once
    assert [entry.name for entry in drop.complete(incoming, 0.0)] == settled


def test_a_change_deep_inside_starts_the_wait_anew(incoming: Path) -> None:
    _folder(incoming)
    time.sleep(0.3)
    assert drop.is_settled(incoming / "batch", 0.2)
    (incoming / "batch/ig/b.png").write_text("b")
    assert not drop.is_settled(incoming / "batch", 0.2)


def test_a_missing_drop_folder_has_no_entries(tmp_path: Path) -> None:
    assert drop.complete(tmp_path / "nowhere", 0.0) == []


@pytest.mark.parametrize("fill", [_mark_beside, _mark_inside, _marked_file], ids=["beside", "inside", "file"])
def test_remove_takes_the_marks_along(incoming: Path, tmp_path: Path, fill: Callable[[Path], None]) -> None:
    fill(incoming)
    drop.remove(drop.complete(incoming, 60.0)[0], tmp_path)
    assert list(incoming.iterdir()) == []
    assert list((tmp_path / "data/.state").iterdir()) == []


def test_put_aside_keeps_everything_and_counts(incoming: Path, tmp_path: Path) -> None:
    places = []
    for text in ("first", "second"):
        (incoming / "batch.zip").write_text(text)
        (incoming / "batch.zip.complete").touch()
        places.append(drop.put_aside(incoming / "batch.zip", tmp_path, f"the {text} is bad"))
    assert [place.name for place in places] == ["batch.zip-1", "batch.zip-2"]
    assert [(place / "batch.zip").read_text() for place in places] == ["first", "second"]
    assert [(place / "reason.txt").read_text() for place in places] == ["the first is bad\n", "the second is bad\n"]
    assert list(incoming.iterdir()) == []
