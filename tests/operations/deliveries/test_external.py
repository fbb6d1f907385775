"""A delivery on which models are judged, and of which none is made. `dvc add` has a stand-in."""

from pathlib import Path

import pytest

from hemaflow import data
from operations.deliveries import add_remove, admission, shortage, waiting
from operations.deliveries.add_remove import RefusedError, accept, add, remove
from operations.deliveries.asked import Asked
from operations.process import lock
from operations.project import dvc_file, listing, records
from operations.retraining import data_commit, decided
from tests.support.quick_add import quick_add

PNG = b"\x89PNG\r\n\x1a\n"
EXTERNAL = Asked(external=True)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(dvc_file, "add", quick_add)
    root = tmp_path / "project"
    (root / "data/raw").mkdir(parents=True)
    (root / "data/deliveries.yaml").write_text("deliveries: []\n")
    (root / "data/external.yaml").write_text("external: []\n")
    (root / "params.yaml").write_text("classes: {ig: [], neutrophil: [ne]}\n")
    return root


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Of one of the project's two classes."""
    return folder(tmp_path / "jtsc", "ne")


def folder(place: Path, name: str) -> Path:
    (place / name).mkdir(parents=True)
    (place / name / "a.png").write_bytes(PNG + place.name.encode())
    return place


def test_it_is_listed_apart_from_those_to_learn_from(root: Path, cells: Path) -> None:
    told = str(add(root, cells, asked=EXTERNAL))
    assert told == (
        "added 'jtsc', external: 1 images (neutrophil 1)\nnext: git add data/raw/jtsc.dvc data/raw/.gitignore "
        "data/external.yaml data/deliveries/jtsc.yaml; make repro"
    )
    assert (listing.names(root), listing.external(root)) == ([], ["jtsc"])
    assert records.place(root, "jtsc").is_file()


def test_the_command_line_adds_one(root: Path, cells: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(root)
    data.add(cells, external=True)
    assert "added 'jtsc', external: 1 images" in capsys.readouterr().out
    assert listing.external(root) == ["jtsc"]


def test_its_images_make_up_for_no_class_that_is_short(root: Path, cells: Path) -> None:
    add(root, folder(cells.parent / "own", "ig"))
    before = shortage.told(root)
    assert "neutrophil" in before
    accept(root, cells, asked=EXTERNAL)
    assert shortage.told(root) == before
    admission.admit(root)
    assert shortage.told(root) == before


def test_none_is_new_to_a_retraining_which_commits_its_files(root: Path, cells: Path) -> None:
    add(root, cells, asked=EXTERNAL)
    decided.note_deliveries(root, [])
    assert decided.fresh(root) == []
    made = data_commit._made(root)
    assert {listing.EXTERNAL, dvc_file.place(Path(), "jtsc"), records.place(Path(), "jtsc")} <= set(made)


def test_while_a_run_is_at_work_it_waits_as_an_external_one(root: Path, cells: Path) -> None:
    assert "accepted 'jtsc', external" in str(accept(root, cells, asked=EXTERNAL))
    assert (waiting.names(root), waiting.is_external(root, "jtsc")) == (["jtsc"], True)
    assert accept(root, cells, asked=EXTERNAL).waiting
    with pytest.raises(RefusedError, match="as 'jtsc', which is external: `hemaflow remove jtsc` comes before"):
        accept(root, cells)
    with lock.held(root, "a run"):
        admission.admit(root)
    assert (listing.names(root), listing.external(root), waiting.names(root)) == ([], ["jtsc"], [])


def test_remove_takes_all_of_it_out(root: Path, cells: Path) -> None:
    add(root, cells, asked=EXTERNAL)
    (root / "data/external/jtsc").mkdir(parents=True)
    (root / "data/external/.gitignore").write_text("# Kept.\n/jtsc\n")
    gone = remove(root, "jtsc")
    assert {"data/raw/jtsc.dvc", "data/raw/jtsc", "data/external/jtsc", "data/deliveries/jtsc.yaml"} == set(
        gone.removed
    )
    assert (root / "data/external.yaml").read_text() == "external: []\n"
    assert (root / "data/external/.gitignore").read_text() == "# Kept.\n"


def test_what_is_handed_in_without_a_person_is_never_external(root: Path, cells: Path) -> None:
    """A landing folder takes in by `accept`, with what it asks for by default."""
    accept(root, cells, "landed", numbered=True)
    admission.admit(root)
    assert (listing.names(root), listing.external(root)) == (["landed"], [])


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        (
            EXTERNAL,
            Asked(),
            "as 'jtsc', which is external: `hemaflow remove jtsc` comes before adding them as one to learn",
        ),
        (Asked(), EXTERNAL, "as 'jtsc', which is one to learn from: .* comes before adding them as external"),
    ],
    ids=["external, and now to learn from", "to learn from, and now external"],
)
def test_the_same_images_have_one_use(root: Path, cells: Path, first: Asked, then: Asked, message: str) -> None:
    add(root, cells, asked=first)
    with pytest.raises(RefusedError, match=message):
        add(root, cells, "again", asked=then)
    assert listing.everything(root) == ["jtsc"]
    assert not add(root, cells, asked=first).new


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("blast", "unknown class folder 'blast', expected ig, neutrophil"),
        ("unlabelled", "none of its 1 images has a class, and models are judged by an external delivery's classes"),
    ],
    ids=["no class in common with the project", "without classes"],
)
def test_one_by_which_nothing_can_be_judged_is_refused(root: Path, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        add(root, folder(tmp_path / "bad", name), asked=EXTERNAL)
    assert (listing.everything(root), waiting.names(root), list((root / "data/raw").iterdir())) == ([], [], [])


def test_a_name_is_taken_by_a_delivery_of_either_kind(root: Path, cells: Path) -> None:
    add(root, cells, "x", asked=EXTERNAL)
    other = folder(cells.parent / "other", "ig")
    for asked in (EXTERNAL, Asked()):
        with pytest.raises(ValueError, match="the name 'x' is taken by a delivery with other content"):
            add(root, other, "x", asked=asked)
    assert add_remove.accept(root, other, "x", numbered=True).name == "x-2"
