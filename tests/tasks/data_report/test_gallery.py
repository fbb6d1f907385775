import numpy as np
import pytest

from tasks.data_report import gallery

OUTLIERS = ("outliers", "outlier", "")


def notes(group) -> list[str]:
    return [f"{card.id} {card.note}" for card in group.cards]


def test_outliers_by_score_and_the_kept_ones_across_the_line(full, material) -> None:
    rows = full("abcde", {"a": OUTLIERS, "c": OUTLIERS}, outlier_score=[5.0, 4.0, 9.0, 1.0, 3.0])
    (section,) = gallery.outliers(material(rows))
    assert [notes(group) for group in section.groups] == [["c z 9.00", "a z 5.00"], ["b z 4.00", "e z 3.00"]]
    assert section.groups[1].caption == "Kept, nearest to the line (2 of 3)"


def test_kept_rows_without_a_score_are_on_no_side_of_the_line(full, material) -> None:
    rows = full("abc", {"a": OUTLIERS}, outlier_score=[5.0, np.nan, 3.0])
    assert notes(gallery.outliers(material(rows))[0].groups[1]) == ["c z 3.00"]


@pytest.mark.parametrize(
    ("shown", "first", "last", "more"),
    [(6, "abcdef", "", 0), (4, "ab", "ef", 2), (3, "ab", "f", 3), (1, "a", "", 5)],
)
def test_too_many_outliers_show_both_ends(full, material, shown, first, last, more) -> None:
    rows = full("abcdef", dict.fromkeys("abcdef", OUTLIERS), outlier_score=[9.0, 8.0, 7.0, 6.0, 5.0, 4.0])
    (section,) = gallery.outliers(material(rows, shown=shown))
    assert ["".join(card.id for card in group.cards) for group in section.groups] == [first, *last.split()]
    assert section.groups[0].more == more


@pytest.mark.parametrize(
    ("reason", "column", "values", "expected"),
    [
        ("blank", "contrast", [2.0, 1.0, 40.0, 30.0], [["b", "a"], ["d", "c"]]),
        ("noise", "smoothness", [0.2, 0.1, 0.9, 0.8], [["b", "a"], ["d", "c"]]),
        ("part-lost", "flat", [0.5, 0.6, 0.0, 0.1], [["b", "a"], ["d", "c"]]),
    ],
)
def test_checks_run_from_the_worst_to_the_line(full, material, reason, column, values, expected) -> None:
    rows = full("abcd", dict.fromkeys("ab", ("outliers", reason, "")), **{column: values})
    (section,) = gallery.checks(material(rows))
    assert [[card.id for card in group.cards] for group in section.groups] == expected


def test_a_reason_without_a_list_of_its_own_has_one_too(full, material) -> None:
    rows = full("abc", {"a": ("dedupe", "held", ""), "b": ("ingest", "unlisted-class", "")}, label=["ig", "", "ig"])
    lists = gallery.others(material(rows))
    assert [section.title for section in lists] == ["Unlisted class", "Held"]
    assert lists[0].intro == "The delivery's class is not listed in params.yaml (any more)."


def test_deliveries_on_hold_are_named_with_the_command_that_releases_each(full, material) -> None:
    rows = full("abcd", dict.fromkeys("abc", ("dedupe", "held", "")), delivery=["second", "third", "second", "d"])
    (section,) = gallery.others(material(rows))
    assert section.intro == (
        "On hold, and data/holds.csv says why: second (2 rows), until hemaflow release second --why REASON; "
        "third (1 row), until hemaflow release third --why REASON."
    )


def test_unreadable_files_are_lines_of_text_and_cut(full, material) -> None:
    rows = full("abc", dict.fromkeys("abc", ("ingest", "unreadable", "")), detail="truncated")
    (section,) = gallery.unreadable(material(rows, shown=2))
    assert [(line["source"], line["detail"]) for line in section.lines] == [("a", "truncated"), ("b", "truncated")]
    assert section.more == 1


def test_a_sheet_does_not_depend_on_the_order_of_the_rows(full, material) -> None:
    rows = full("abcdefgh")
    turned = rows.iloc[::-1].reset_index(drop=True)
    drawn = [[card.id for card in gallery.sheets(material(table))[0].groups[0].cards] for table in (rows, turned)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 3


def test_an_image_that_goes_changes_no_other_place_on_the_sheet(full, material) -> None:
    before = [card.id for card in gallery.sheets(material(full("abcdefgh")))[0].groups[0].cards]
    rows = full("abcdefgh", {before[1]: OUTLIERS})
    after = [card.id for card in gallery.sheets(material(rows))[0].groups[0].cards]
    assert after[:2] == [before[0], before[2]]


def test_a_class_without_a_kept_row_says_so(full, material) -> None:
    (section,) = gallery.sheets(material(full("ab", {"a": OUTLIERS}, label=["mo", "ig"])))
    assert [group.caption for group in section.groups] == ["ig: 1 of 1", "mo: none kept"]


def test_without_drops_there_are_sheets_alone(full, material) -> None:
    one = material(full("a"))
    assert gallery.outliers(one) == gallery.checks(one) == gallery.others(one) == gallery.unreadable(one) == []
