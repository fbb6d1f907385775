"""What label numbers stand for, and a record of it. `dvc add` has a stand-in."""

from pathlib import Path

import numpy as np
import pytest

from operations.deliveries import asked
from operations.deliveries.add_remove import RefusedError, add, remove
from operations.deliveries.asked import Asked
from operations.project import dvc_file, listing, records
from tasks.delivery import record
from tasks.delivery.record import Acquisition
from tests.support.quick_add import quick_add

PARAMS = "classes: {ig: [], neutrophil: [ne]}\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(dvc_file, "add", quick_add)
    root = tmp_path / "project"
    (root / "data/raw").mkdir(parents=True)
    (root / "data/deliveries.yaml").write_text("deliveries: []\n")
    (root / "params.yaml").write_text(PARAMS)
    return root


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    np.savez(tmp_path / "training_set.npz", images=np.zeros((2, 1, 1, 3), np.uint8), labels=[[0], [1]])
    return tmp_path / "training_set.npz"


def test_names_that_are_asked_for_are_recorded(root: Path, npz: Path) -> None:
    added = add(root, npz, asked=Asked(["ig", "ne"]))
    assert added.classes == {"ig": 1, "neutrophil": 1}
    assert "label numbers, by --classes: 0 = ig, 1 = ne\nnext: git add " in str(added)
    assert (root / "data/raw/training_set/training_set.npz").exists()
    assert record.read(records.place(root, "training_set")).names == ["ig", "ne"]


def test_names_that_the_project_has_configured_are_recorded_and_stay(root: Path, npz: Path) -> None:
    (root / "params.yaml").write_text(f"{PARAMS}landing: {{class_order: [ne, ig]}}\n")
    assert add(root, npz, "a").told == ("label numbers, by landing.class_order: 0 = ne, 1 = ig",)
    (root / "params.yaml").write_text(f"{PARAMS}landing: {{class_order: [ig, ne]}}\n")
    assert not add(root, npz, "b").new
    assert record.read(records.place(root, "a")).names == ["ne", "ig"]


def test_without_names_it_is_refused_and_leaves_nothing(root: Path, npz: Path) -> None:
    with pytest.raises(RefusedError, match="training_set.npz: its labels are numbers, and nothing says which classes"):
        add(root, npz)
    assert listing.names(root) == []
    assert sorted(path.name for path in (root / "data").iterdir()) == [".state", "deliveries.yaml", "raw"]


@pytest.mark.parametrize(
    ("again", "message"),
    [
        (Asked(["ne", "ig"]), "here already, as 'a', with the class names ig, ne: `hemaflow remove a` comes before"),
        (Asked(["ig", "ne"], Acquisition(crop=9)), "here already, as 'a': edit data/deliveries/a.yaml to change crop"),
    ],
)
def test_the_same_images_stated_otherwise_are_no_second_delivery(root: Path, npz: Path, again: Asked, message) -> None:
    add(root, npz, "a", asked=Asked(["ig", "ne"], Acquisition(crop=8)))
    assert not add(root, npz, "b", asked=Asked(["ig", "ne"], Acquisition(crop=8))).new
    with pytest.raises(ValueError, match=message):
        add(root, npz, "b", asked=again)


def test_a_removed_delivery_takes_its_record_along(root: Path, npz: Path) -> None:
    add(root, npz, "a", asked=Asked(["ig", "ne"]))
    assert "data/deliveries/a.yaml" in remove(root, "a").removed
    assert not records.place(root, "a").exists()


@pytest.mark.parametrize(("text", "names"), [(None, None), ("a,b", ["a", "b"]), (' a b , "c, d"', ["a b", "c, d"])])
def test_names_as_a_person_lists_them(text: str | None, names: list[str] | None) -> None:
    assert asked.names(text) == names


@pytest.mark.parametrize("text", ["", "a,,b", "a,a"])
def test_a_list_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="--classes: expected different names with commas between them, got"):
        asked.names(text)
