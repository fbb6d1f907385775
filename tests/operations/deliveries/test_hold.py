"""`hold` and `release`. They run no DVC, so the project is a folder of files."""

from pathlib import Path

import pytest

from operations.deliveries import holds
from operations.deliveries.add_remove import remove
from operations.deliveries.hold import hold, release
from operations.project import listing

LIST = '# Top.\ndeliveries:\n- "demo"\n- "x"\ndrawn:\n- "demo"\nheld: []\n'
HEADER = "when,delivery,content,act,who,why\n"
DVC = "outs: [{md5: 1.dir, path: x}]\nmeta: {md5: 1.dir, digest: abc}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with the deliveries demo, which is drawn, and x."""
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / listing.FILE).write_text(LIST)
    (tmp_path / "data/raw/x.dvc").write_text(DVC)
    return tmp_path


def test_a_delivery_is_held_and_released_and_the_log_says_by_whom_and_why(root: Path) -> None:
    assert str(hold(root, "x", "labels look\nshuffled, again", "Ada")) == (
        "'x' is on hold: it stays listed, and no dataset has its images; "
        "next: git add data/deliveries.yaml data/holds.csv; make repro"
    )
    assert (listing.names(root), listing.held(root)) == (["demo", "x"], ["x"])
    told = str(release(root, "x", "looked at", "Bob"))
    assert told.startswith("released 'x', held 20")
    assert "by Ada: labels look shuffled, again\nnext: " in told
    assert (root / listing.FILE).read_text() == LIST
    lines = [line[1:] for line in holds.read(root)]
    assert lines == [("x", "abc", "hold", "Ada", "labels look shuffled, again"),
                     ("x", "abc", "release", "Bob", "looked at")]  # fmt: skip
    assert (root / holds.FILE).read_text().startswith(HEADER)


def test_the_log_only_grows(root: Path) -> None:
    hold(root, "x", "one", "Ada")
    before = (root / holds.FILE).read_text()
    release(root, "x", "two", "Ada")
    assert (root / holds.FILE).read_text().startswith(before)


@pytest.mark.parametrize(
    ("act", "words", "message"),
    [
        pytest.param(hold, ("gone", "so"), "'gone' is not listed, expected one of demo, x", id="unknown"),
        pytest.param(hold, ("x", " "), "expected who says so and why", id="no reason"),
        pytest.param(release, ("x", "so"), "'x' is not on hold", id="not on hold"),
    ],
)
def test_what_cannot_be_done_changes_nothing(root: Path, act, words: tuple[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        act(root, *words, who="Ada")
    assert (root / listing.FILE).read_text() == LIST
    assert holds.read(root) == []


def test_the_last_one_stays_in_the_dataset(root: Path) -> None:
    hold(root, "demo", "so", "Ada")
    with pytest.raises(ValueError, match="'x' is the last delivery that is not on hold"):
        hold(root, "x", "so", "Ada")


def test_a_person_s_release_holds_for_the_content_under_any_name(root: Path) -> None:
    assert holds.released(root, ["demo", "x"]) == []
    hold(root, "x", "so", "Ada")
    release(root, "x", "looked at", "Bob")
    assert holds.released(root, ["demo", "x"]) == ["x"]
    remove(root, "x")
    listing.append(root, "y")
    (root / "data/raw/y.dvc").write_text(DVC)
    assert holds.released(root, ["y"]) == ["y"]
    hold(root, "y", "wrong after all", "Ada")
    assert holds.released(root, ["y"]) == []


def test_a_delivery_of_no_known_content_is_known_by_its_name(root: Path) -> None:
    hold(root, "demo", "so", "Ada")
    release(root, "demo", "looked at", "Ada")
    assert holds.released(root, ["demo", "x"]) == ["demo"]


def test_remove_takes_a_held_one_off_every_list(root: Path) -> None:
    hold(root, "x", "so", "Ada")
    remove(root, "x")
    assert (listing.names(root), listing.held(root)) == (["demo"], [])
    assert [line.act for line in holds.read(root)] == ["hold"]


@pytest.mark.parametrize("text", ["", "when,what\n", HEADER + "a,b\n", HEADER + "\xff"])
def test_a_log_of_another_form_is_refused(root: Path, text: str) -> None:
    (root / holds.FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"data/holds\.csv"):
        holds.read(root)
