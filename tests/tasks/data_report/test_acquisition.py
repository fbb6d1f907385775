import pandas as pd
import pytest

from tasks.data_report import acquisition
from tasks.store import Reading


@pytest.fixture
def rows(full) -> pd.DataFrame:
    dropped = {"b": ("ingest", "unreadable", ""), "c": ("ingest", "unlisted-class", "")}
    one = full(
        "abcd", dropped, delivery="one", height=[363, 0, 363, 100], width=[360, 0, 360, 90], crop=[200, 0, 200, 90]
    )
    two = full("ef", {}, delivery="two", label=["ig", "mo"], height=120, width=120, crop=97)
    return pd.concat([one, two], ignore_index=True)


READINGS = {"one": Reading(left_out=3), "two": Reading("12-bit in 16-bit, scaled by 1/16", own_crop=True)}


def test_the_table_tells_how_each_was_read_and_what_was_left_out(rows) -> None:
    table = acquisition.table(rows, READINGS)
    assert table.head[:5] == ["delivery", "depth", "images, pixels", "crop, pixels", "files of the system"]
    assert table.head[5:] == ["unreadable", "transparent", "unlisted class", "unlabelled"]
    assert table.lines == [
        ["one", "8-bit", "90 x 100 to 360 x 363", "90 to 200", 3, 1, 0, 1, 0],
        ["two", "12-bit in 16-bit, scaled by 1/16", "120 x 120", "97 (its own)", 0, 0, 0, 0, 0],
    ]
    assert table.total == ["all", "", "", "", 3, 1, 0, 1, 0]


def test_a_delivery_of_which_nothing_can_be_read(full) -> None:
    rows = full("a", {"a": ("ingest", "unreadable", "")}, delivery="one", height=0, width=0)
    assert acquisition.table(rows, {"one": Reading()}).lines[0][2] == "none"


@pytest.mark.parametrize(
    ("sides", "reading", "text"),
    [
        ([96, 96], Reading(), "96"),
        ([2000, 0], Reading(), "2,000"),
        ([0, 0], Reading(), "none"),
        ([97, 97], Reading(own_crop=True), "97 (its own)"),
        ([120, 400], Reading(own_crop=True, scale=20.0), "120 to 400 (its own, 20 pixels per µm)"),
    ],
)
def test_the_crop_in_words(full, sides, reading, text) -> None:
    assert acquisition.crop(full("ab", crop=sides), reading) == text


def test_images_of_all_deliveries_stand_side_by_side(rows, material) -> None:
    (section,) = acquisition.section(material(rows), READINGS)
    assert [group.caption for group in section.groups] == [
        "one: crop 90 to 200, 2 of 2",
        "two: crop 97 (its own), 2 of 2",
    ]
    assert [sorted(card.id for card in group.cards) for group in section.groups] == [["a", "d"], ["e", "f"]]


def test_of_many_images_each_class_has_as_many(full, material) -> None:
    rows = full([f"{k:02}" for k in range(40)], label=["ig"] * 34 + ["mo"] * 6)
    (section,) = acquisition.section(material(rows), {"d": Reading(), "none": Reading()})
    assert sorted(card.labels for card in section.groups[0].cards) == ["ig"] * 6 + ["mo"] * 6
    assert [group.caption.rpartition(", ")[2] for group in section.groups] == ["12 of 40", "0 of 0"]


def test_one_delivery_is_compared_with_none(rows, material) -> None:
    assert acquisition.section(material(rows), {"one": Reading()}) == []
