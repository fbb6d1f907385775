"""`review` of images that came without a class."""

from pathlib import Path

import pytest

from operations.deliveries.review import review
from operations.deliveries.review_file import FILE
from operations.project import listing
from tasks import reasons, store
from tasks.dedupe import overrules

NAMED, NONE, BROKEN = "aa" * 16, "bb" * 16, "cc" * 16


@pytest.fixture
def root(tmp_path: Path, table) -> Path:
    facts = {"height": 96, "width": 96, "file_bytes": 9, "acquisition_batch": "yellow"}
    built = table(["ig/a", "b", "u"], "d", id=[NAMED, NONE, BROKEN], label=["ig", "", ""], **facts)
    rows = reasons.drop(built, built["id"] == BROKEN, reasons.UNREADABLE)
    store.write_rows(tmp_path / "data/ingested/d", rows)
    (tmp_path / "dvc.yaml").write_text("")
    (tmp_path / "params.yaml").write_text("classes: {ig: [], NK/T cell: [nkt]}\n")
    (tmp_path / listing.FILE).write_text("deliveries: [d]\n")
    (tmp_path / FILE).write_text("delivery,source,id,review_decision,who,why\n")
    return tmp_path


@pytest.mark.parametrize(
    ("about", "label", "line"),
    [
        (NONE, "ig", f"d,,{NONE},label ig,Ann,so"),
        ("d/b", "NKT", f"d,b,{NONE},label NK/T cell,Ann,so"),
        (NONE[:8], "nk/t_cell", f"d,,{NONE},label NK/T cell,Ann,so"),
    ],
    ids=["image", "file by an alias", "another spelling"],
)
def test_it_is_written_by_the_name_of_the_class(root: Path, about: str, label: str, line: str) -> None:
    done = review(root, about, "label", "so", "Ann", label)
    assert (root / FILE).read_text().splitlines()[1:] == [line]
    assert str(done).startswith(f"label {line.split(',')[3].removeprefix('label ')} ")
    assert overrules.read(root / FILE)[0].label == line.split(",")[3].removeprefix("label ")


@pytest.mark.parametrize(
    ("about", "decision", "label", "message"),
    [
        (NAMED, "label", "ig", f"{NAMED} came as ig: only an image without a class is labelled"),
        (BROKEN, "label", "ig", "cannot be labelled: it is unreadable"),
        (NONE, "label", "igg", r"unknown class 'igg' \(nearest: 'ig'\), expected ig, NK/T cell"),
        (NONE, "label", None, "expected a class, --as CLASS, one of ig, NK/T cell"),
        (NONE, "keep", "ig", "--as says a class, and the decision is keep"),
    ],
    ids=["has a class", "unreadable", "unknown class", "no class", "no label"],
)
def test_what_cannot_be_labelled(root: Path, about: str, decision: str, label: str | None, message: str) -> None:
    before = (root / FILE).read_text()
    with pytest.raises(ValueError, match=message):
        review(root, about, decision, "so", "Ann", label)
    assert (root / FILE).read_text() == before


def test_another_label_takes_the_place_of_the_first_once_the_tables_have_it(root: Path) -> None:
    review(root, NONE, "label", "so", "Ann", "ig")
    rows = store.read_rows(root / "data/ingested/d").assign(review_decision=["", "label", ""])
    rows["label"] = ["ig", "ig", ""]
    store.write_rows(root / "data/clean", rows)
    review(root, NONE, "label", "a second look", "Bob", "nkt")
    assert (root / FILE).read_text().splitlines()[1:] == [f"d,,{NONE},label NK/T cell,Bob,a second look"]
