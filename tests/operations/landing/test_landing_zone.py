import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.landing import landing_zone


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


def _tar_marked_without_its_endings(incoming: Path) -> None:
    (incoming / "batch.tar.gz").write_text("tar")
    (incoming / "batch.complete").touch()


def _mark_that_may_mean_either(incoming: Path) -> None:
    """`batch` may be done while `batch.zip` is being copied."""
    _folder(incoming)
    _file(incoming)
    (incoming / "batch.complete").touch()


def _mark_that_may_mean_either_file(incoming: Path) -> None:
    _file(incoming)
    (incoming / "batch.npz").write_text("npz")
    (incoming / "batch.complete").touch()


def _folder_named_as_a_mark(incoming: Path) -> None:
    (incoming / "batch.complete/ig").mkdir(parents=True)


def _mark_deep_inside(incoming: Path) -> None:
    _folder(incoming)
    (incoming / "batch/ig/.complete").touch()


def _dangling_link(incoming: Path) -> None:
    (incoming / "batch").symlink_to("nowhere")


def _longest_name(incoming: Path) -> None:
    (incoming / ("x" * 255)).write_text("no mark fits beside it")


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
    (_tar_marked_without_its_endings, ["batch.tar.gz"], ["batch.tar.gz"]),
    (_mark_that_may_mean_either, ["batch"], ["batch", "batch.zip"]),
    (_mark_that_may_mean_either_file, [], ["batch.npz", "batch.zip"]),
    (_folder_named_as_a_mark, [], ["batch.complete"]),
    (_mark_deep_inside, [], ["batch"]),
    (_dangling_link, [], ["batch"]),
    (_longest_name, [], ["x" * 255]),
    (_mark_alone, [], []),
    (_hidden, [], []),
    (_preserved_time, [], ["batch.zip"]),
]


@pytest.mark.parametrize(("fill", "at_once", "settled"), CASES, ids=[case[0].__name__.strip("_") for case in CASES])
def test_complete(incoming: Path, fill: Callable[[Path], None], at_once: list[str], settled: list[str]) -> None:
    fill(incoming)
    assert [entry.name for entry in landing_zone.complete(incoming, 60.0)] == at_once
    assert [entry.name for entry in landing_zone.complete(incoming, 0.0)] == settled


def test_a_change_deep_inside_starts_the_wait_anew(incoming: Path) -> None:
    _folder(incoming)
    time.sleep(0.3)
    assert landing_zone.is_settled(incoming / "batch", 0.2)
    (incoming / "batch/ig/b.png").write_text("b")
    assert not landing_zone.is_settled(incoming / "batch", 0.2)


def test_a_missing_drop_folder_has_no_entries(tmp_path: Path) -> None:
    assert landing_zone.complete(tmp_path / "nowhere", 0.0) == []


@pytest.mark.parametrize("fill", [_mark_beside, _mark_inside, _marked_file], ids=["beside", "inside", "file"])
def test_remove_takes_the_marks_along(incoming: Path, fill: Callable[[Path], None]) -> None:
    fill(incoming)
    landing_zone.remove(landing_zone.complete(incoming, 60.0)[0])
    assert list(incoming.iterdir()) == []


def test_a_mark_goes_with_the_last_that_it_may_mean(incoming: Path) -> None:
    _mark_that_may_mean_either_file(incoming)
    for name in ("batch.npz", "batch.zip"):
        assert (incoming / "batch.complete").exists()
        landing_zone.remove(incoming / name)
    assert list(incoming.iterdir()) == []


def test_a_link_is_removed_and_not_what_it_leads_to(incoming: Path, tmp_path: Path) -> None:
    _folder(tmp_path)
    (incoming / "link").symlink_to(tmp_path / "batch")
    landing_zone.remove(incoming / "link")
    assert list(incoming.iterdir()) == []
    assert (tmp_path / "batch/ig/a.png").read_text() == "a"


def test_a_lifted_mark_lies_beside(incoming: Path) -> None:
    _mark_inside(incoming)
    landing_zone.lift_mark(incoming / "batch")
    assert sorted(path.name for path in incoming.iterdir()) == ["batch", "batch.complete"]
    assert [path.name for path in (incoming / "batch").iterdir()] == ["ig"]


CHANGES: dict[str, Callable[[Path], object]] = {
    "new file": lambda entry: (entry / "ig/b.png").write_text("b"),
    "other bytes": lambda entry: (entry / "ig/a.png").write_text("b"),
    "other bytes, times kept": lambda entry: (
        (entry / "ig/a.png").write_text("b"),
        os.utime(entry / "ig/a.png", (0, 0)),
    ),
    "renamed": lambda entry: (entry / "ig/a.png").rename(entry / "ig/b.png"),
    "removed": lambda entry: (entry / "ig/a.png").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_stamp(incoming: Path, change: Callable[[Path], object]) -> None:
    _folder(incoming)
    os.utime(incoming / "batch/ig/a.png", (0, 0))
    before = landing_zone.stamp(incoming / "batch")
    (incoming / "batch/ig/a.png").read_text()
    assert landing_zone.stamp(incoming / "batch") == before
    change(incoming / "batch")
    assert landing_zone.stamp(incoming / "batch") != before


def test_stamp_of_what_is_gone(incoming: Path) -> None:
    assert landing_zone.stamp(incoming / "batch") is None
