import numpy as np
import pandas as pd
import pytest

from tasks.data_report import copies


def sets(rows: pd.DataFrame, found: pd.DataFrame) -> set[str]:
    """Groups as texts of sources, so that the codes do not matter."""
    code = copies.groups(rows, found)
    return {"".join(rows["source"][code == one]) for one in set(code) - {-1}}


COPY = ("dedupe", "near-copy", "d/a")


@pytest.mark.parametrize(
    ("dropped", "columns", "ends", "expected"),
    [
        ({"b": COPY}, {}, [("a", "b")], {"ab"}),
        ({"b": COPY, "c": COPY}, {}, [("a", "b"), ("a", "c")], {"abc"}),
        ({}, {"id": ["x", "x", "c", "d"]}, [], {"ab"}),
        ({}, {}, [("a", "b")], set()),
        ({}, {"review_decision": ["keep", "", "", ""]}, [("a", "b")], {"ab"}),
        ({"b": ("ingest", "unreadable", "")}, {"id": ["x", "x", "c", "d"]}, [], set()),
        ({"a": ("dedupe", "label-conflict", "d/b"), "b": ("dedupe", "label-conflict", "d/a")}, {}, [], {"ab"}),
    ],
    ids=["pair", "three", "same-id", "both-stay", "overruled", "unreadable", "conflict"],
)
def test_groups(full, pairs, dropped, columns, ends, expected) -> None:
    assert sets(full("abcd", dropped, **columns), pairs(*ends)) == expected


def test_the_same_name_in_another_delivery_is_another_file(full, pairs) -> None:
    first = full("ab", id=["p", "q"])
    second = full("ab", {"b": ("dedupe", "near-copy", "e/a")}, delivery="e", id=["r", "s"])
    rows = pd.concat([first, second], ignore_index=True)
    assert copies.groups(rows, pairs())[:2].tolist() == [-1, -1]
    assert copies.groups(rows, pairs())[2] == copies.groups(rows, pairs())[3] >= 0


@pytest.mark.parametrize(
    ("reason", "columns", "kind"),
    [
        ("exact-copy", {"id": "x"}, "exact"),
        ("near-copy", {}, "near"),
        ("recropped-copy", {}, "recropped"),
        ("exact-copy", {"id": "x", "label": ["ig", "platelet"]}, "conflict"),
    ],
)
def test_the_kind_of_a_group(full, pairs, reason, columns, kind) -> None:
    rows = full("ab", {"b": ("dedupe", reason, "d/a")}, **columns)
    table = copies.overview(rows, copies.groups(rows, pairs()))
    assert table[["kind", "rows", "dropped", "settled"]].values.tolist() == [[kind, 2, 1, False]]


def test_the_least_alike_come_first_and_settled_groups_last(full) -> None:
    drops = {name: ("dedupe", "near-copy", f"d/{partner}") for name, partner in zip("bdf", "ace", strict=True)}
    rows = full(
        "abcdef", drops, drop_value=[np.nan, 1.0, np.nan, 9.0, np.nan, 20.0], review_decision=[""] * 4 + ["keep", ""]
    )
    table = copies.overview(rows, np.array([0, 0, 1, 1, 2, 2]))
    assert table.index.tolist() == [1, 0, 2]


@pytest.mark.parametrize(("limit", "expected"), [(5, 2), (4, 1), (1, 1), (99, 3)])
def test_groups_that_fit_a_number_of_images(limit, expected) -> None:
    assert copies.fitting(np.array([2, 3, 4]), limit) == expected


def test_no_group_fits_where_there_is_none() -> None:
    assert copies.fitting(np.array([], np.int64), 5) == 0


@pytest.mark.parametrize(
    ("orientation", "inverse", "expected"),
    [
        (0, False, ""),
        (1, False, "turned 90° left"),
        (1, True, "turned 90° right"),
        (2, True, "turned 180°"),
        (4, True, "mirrored"),
        (5, False, "mirrored and turned 90° left"),
        (5, True, "mirrored and turned 90° left"),
    ],
)
def test_orientations_in_words(orientation, inverse, expected) -> None:
    assert copies.turn(orientation, inverse) == expected


def test_inverse_orientations_undo_one_another() -> None:
    # The words for an inverse hold only if these codes are what undoes a turn: see `turn`.
    image = np.arange(9).reshape(3, 3)

    def turned(pixels, code):
        return np.rot90(pixels[:, ::-1] if code >= 4 else pixels, code % 4)

    for code in range(8):
        undo = code if code >= 4 else (4 - code) % 4
        np.testing.assert_array_equal(turned(turned(image, code), undo), image)


def test_a_pair_is_known_from_both_sides(pairs) -> None:
    say = copies.Relations(pairs(("a", "b", "near", 1), ("a", "c", "recropped", 0)))
    assert say("a", "b") == "turned 90° left, RMSE 2.5, 7 bits"
    assert say("b", "a") == "turned 90° right, RMSE 2.5, 7 bits"
    assert say("a", "c") == "shifted 5.0 px, RMSE 2.5, 7 bits"
    assert say("b", "c") == ""
