from pathlib import Path

import pandas as pd
import pytest

from tasks.dedupe import overrules

HEADER = "delivery,source,id,review_decision,who,why\n"


def lines(*given: str) -> list[overrules.Overrule]:
    return [overrules.Overrule(number, *line.split(",")) for number, line in enumerate(given, 2)]


@pytest.fixture
def rows(table) -> pd.DataFrame:
    """x and y are one image under one label, p and q under two, u cannot be read."""
    facts = {
        "height": 96,
        "width": 96,
        "file_bytes": [9, 8, 7, 7, 5, 0],
        "acquisition_batch": "yellow",
        "label": ["ig"] * 2 + ["ig", "eo"] + ["ig"] * 2,
    }
    built = table(["x", "y", "p", "q", "z", "u"], id=["A", "A", "B", "B", "C", "U"], **facts)
    broken = built["source"] == "u"
    return built.assign(kept=~broken, dropped_by=broken.map({True: "ingest", False: ""}),
                        drop_reason=broken.map({True: "unreadable", False: ""}))  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], {}),
        (["d,z,,keep,me,so"], {"z": "keep"}),
        ([",,C,keep,me,so"], {"z": "keep"}),
        (["d,,C,drop,me,so"], {"z": "drop"}),
        ([",,A,keep,me,so"], {"x": "keep"}),
        ([",,A,drop,me,so"], {"x": "drop", "y": "drop"}),
        ([",,A,keep,me,so", "d,x,,drop,me,so"], {"x": "drop", "y": "keep"}),
        (["d,y,,keep,me,so", ",,A,drop,me,so"], {"x": "drop", "y": "keep"}),
        (["d,p,B,keep,me,so"], {"p": "keep"}),
        (["d,u,,drop,me,so"], {"u": "drop"}),
        (["gone,z,,drop,me,so", "gone,,Z,keep,me,so"], {}),
    ],
    ids=[
        "none", "file", "image", "image-of-a-delivery", "keeps-the-first-of-identical-files", "drops-them-all",
        "file-wins-over-image", "in-any-order", "file-of-a-conflict", "unreadable-dropped", "waits-for-its-delivery",
    ],
)  # fmt: skip
def test_verdicts(rows: pd.DataFrame, given: list[str], expected: dict[str, str]) -> None:
    found = overrules.applied(rows, lines(*given), ["d"])
    verdict = found.set_index("source")["review_decision"]
    assert verdict[verdict != ""].to_dict() == expected
    dropped = found[(found["review_decision"] == "drop") & (found["source"] != "u")]
    assert set(dropped["drop_reason"]) <= {"review-drop"}
    assert found[found["source"] == "u"]["drop_reason"].item() == "unreadable"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["d,nowhere,,drop,me,so"], r"line 2 \(drop d/nowhere\): no row"),
        ([",,NOWHERE,keep,me,so"], r"line 2 \(keep NOWHERE\): no row"),
        (["d,x,C,keep,me,so"], "no row"),
        (["d,u,,keep,me,so"], "cannot be kept, it is unreadable"),
        ([",,B,keep,me,so"], "came as eo and ig; say which file"),
        (["d,z,,keep,me,so", "d,z,,drop,me,so"], r"line 3 \(drop d/z\): contradicts line 2, which says keep"),
        ([",,A,keep,me,so", ",,A,drop,me,so"], "contradicts line 2"),
        ([",,C,keep,me,so", "d,z,,drop,me,so"], "cannot be kept, it is dropped file by file"),
    ],
    ids=[
        "no-file",
        "no-image",
        "file-is-another-image",
        "unreadable",
        "two-labels",
        "contradiction",
        "of-images",
        "each-file-dropped",
    ],
)
def test_what_cannot_be_applied(rows: pd.DataFrame, given: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        overrules.applied(rows, lines(*given), ["d"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the columns delivery,source,id,review_decision,who,why, got nothing"),
        ("delivery,file,id,verdict,who,why\n", "got delivery,file,id"),
        (HEADER + "d,x,,keep,me\n", "line 2: expected 6 fields .*, got 5"),
        (HEADER + "\nd,x,,maybe,me,so\n", "line 3: review_decision must be keep, drop or label CLASS, got 'maybe'"),
        (HEADER + "d,,,keep,me,so\n", "line 2: expected an id, or a delivery and a source"),
        (HEADER + "d,x,,keep,me, \n", "line 2: expected who says so and why"),
    ],
    ids=["empty", "wrong-column", "short", "verdict", "about-nothing", "no-reason"],
)
def test_a_broken_file_names_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "review.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        overrules.read(tmp_path / "review.csv")


def test_a_file_as_a_spreadsheet_saves_it(tmp_path: Path) -> None:
    file = tmp_path / "review.csv"
    file.write_bytes(
        b"\xef\xbb\xbf" + HEADER.strip().encode() + b'\r\nd,"a, b.png",,keep,me,"sharp, clean"\r\n,,,,,\r\n'
    )
    assert overrules.read(file) == [overrules.Overrule(2, "d", "a, b.png", "", "keep", "me", "sharp, clean")]


@pytest.mark.parametrize(
    "content",
    [HEADER.encode() + b"d,\xff\xfe,,keep,me,so\n", HEADER.encode() + b"d," + b"x" * 200_000],
    ids=["latin", "huge"],
)
def test_what_is_no_csv_file_in_utf_8_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "review.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"review\.csv: expected a CSV file in UTF-8, got"):
        overrules.read(tmp_path / "review.csv")


@pytest.fixture
def unlabelled(rows: pd.DataFrame) -> pd.DataFrame:
    """The same, of which y and z came without a class."""
    return rows.assign(label=rows["label"].mask(rows["source"].isin(["y", "z"]), ""))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["d,z,,label ig,me,so"], {"z": "ig"}),
        ([",,C,label NK/T cell,me,so"], {"z": "NK/T cell"}),
        ([",,A,label ne,me,so"], {"y": "ne"}),
        ([",,A,label ne,me,so", "d,y,,drop,me,so", "d,z,,label ig,me,so"], "cannot be labelled|came as ig"),
        (["d,x,,label ne,me,so"], r"line 2 \(label ne d/x\): came as ig, and only an image without a class"),
        (["d,u,,label ne,me,so"], "cannot be labelled, it is unreadable"),
        (["d,z,,label ne,me,so", "d,z,,label ig,me,so"], "contradicts line 2, which says label ne"),
    ],
)
def test_a_person_labels_what_came_without_a_class(
    unlabelled: pd.DataFrame, given: list[str], expected: dict[str, str] | str
) -> None:
    if isinstance(expected, str):
        with pytest.raises(ValueError, match=expected):
            overrules.applied(unlabelled, lines(*given), ["d"])
        return
    found = overrules.applied(unlabelled, lines(*given), ["d"]).set_index("source")
    assert found.loc[found["review_decision"] == "label", "label"].to_dict() == expected
    others = found.index[found["review_decision"] == ""]
    assert (found.loc[others, "label"] == unlabelled.set_index("source").loc[others, "label"]).all()


def test_of_the_files_of_an_image_that_one_is_kept_which_has_a_class(unlabelled: pd.DataFrame) -> None:
    found = overrules.applied(unlabelled, lines(",,A,keep,me,so"), ["d"]).set_index("source")["review_decision"]
    assert found[found != ""].to_dict() == {"x": "keep"}


def test_a_label_without_a_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "review.csv").write_text(f"{HEADER}d,x,,label ,me,so\n")
    with pytest.raises(ValueError, match="review_decision must be keep, drop or label CLASS, got 'label'"):
        overrules.read(tmp_path / "review.csv")
