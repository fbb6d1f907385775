import pandas as pd
import pytest

from tasks.drift.drift import News
from tasks.drift.news import displaced, news

NOTHING = {"new": 0, "copied": 0, "repeated": 0, "conflicting": 0, "outlier": 0, "unusable": 0, "other": 0}


def told(delivery: str, label: str, **counts: int) -> News:
    return News(delivery, label, sum(counts.values()), **{**NOTHING, **counts})


@pytest.mark.parametrize(
    ("reason", "partner", "field"),
    [
        ("exact-copy", "old/a.png", "copied"),
        ("near-copy", "old/x/y.png", "copied"),
        ("recropped-copy", "newer/a.png", "copied"),
        ("exact-copy", "new/a.png", "repeated"),
        ("near-copy", "new/x/y.png", "repeated"),
        ("label-conflict", "old/a.png", "conflicting"),
        ("outlier", "", "outlier"),
        ("unreadable", "", "unusable"),
        ("blank", "", "unusable"),
        ("noise", "", "unusable"),
        ("part-lost", "", "unusable"),
        ("unlisted-class", "", "other"),
        ("review-drop", "", "other"),
        ("held", "", "other"),
        ("bridges-splits", "", "other"),
        ("unlabelled", "", "other"),
    ],
)
def test_each_reason_is_counted_once(rows, reason: str, partner: str, field: str) -> None:
    assert news(rows("new", "ab", dropped={1: (reason, partner)}), ["new"]) == (
        told("new", "a", new=1),
        told("new", "b", **{field: 1}),
    )


def test_a_reason_that_no_table_lists_is_no_fate(rows) -> None:
    with pytest.raises(ValueError, match=r"expected one of the reasons in tasks/reasons\.py .*, got 'too-green'"):
        news(rows("new", "ab", dropped={1: ("too-green", "")}), ["new"])


def test_deliveries_stand_in_the_order_asked_for_and_others_are_left_out(rows) -> None:
    both = pd.concat([rows("one", "ba"), rows("old", "a"), rows("two", ["", "b"], dropped={0: ("unlisted-class", "")})])
    assert news(both.reset_index(drop=True), ["two", "one"]) == (
        told("two", "", other=1),
        told("two", "b", new=1),
        told("one", "a", new=1),
        told("one", "b", new=1),
    )


@pytest.mark.parametrize(
    ("partner", "count"), [("new/0.png", 1), ("old/0.png", 0), ("", 0), ("newer/0.png", 0)], ids=str
)
def test_what_others_lost_by_them_is_counted(rows, partner: str, count: int) -> None:
    both = pd.concat([rows("old", "aa", dropped={1: ("label-conflict", partner)}), rows("new", "a")])
    assert displaced(both, ["new"]) == count


def test_a_copy_inside_the_delivery_displaces_nothing(rows) -> None:
    assert displaced(rows("new", "aa", dropped={1: ("exact-copy", "new/0.png")}), ["new"]) == 0
