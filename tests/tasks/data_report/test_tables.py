import pytest

from tasks.data_report import tables
from tasks.data_report.summary import summary


@pytest.fixture
def counts(full):
    dropped = {"b": ("dedupe", "exact-copy", "d/a"), "c": ("outliers", "outlier", "")}
    return summary(full("abcd", dropped, label=["ig", "ig", "mo", "mo"], acquisition_batch=["y", "y", "y", ""]))


def test_by_reason(counts) -> None:
    table = tables.by_reason(counts)
    assert [line[:4] for line in table.lines] == [
        ["dedupe", "exact copy", 1, "25.0 %"],
        ["outliers", "outlier", 1, "25.0 %"],
    ]
    assert table.total[2] == 2


def test_by_class(counts) -> None:
    table = tables.by_dimension(counts, "classes")
    assert table.head == ["class", "came", "kept", "share kept", "dropped", "exact copy", "outlier"]
    assert table.lines == [["ig", 2, 1, "50.0 %", 1, 1, 0], ["mo", 2, 1, "50.0 %", 1, 0, 1]]
    assert table.total == ["all", 4, 2, "50.0 %", 2, 1, 1]


def test_class_by_batch(counts) -> None:
    table = tables.class_by_batch(counts)
    assert table.head == ["class", "none", "y", "all"]
    assert table.lines == [["ig", "", "1 of 2", "1 of 2"], ["mo", "0 of 1", "1 of 1", "1 of 2"]]
    assert table.total == ["all", "0 of 1", "2 of 3", "2 of 4"]


def test_splits_stand_in_their_order(full) -> None:
    table = tables.class_by_split(summary(full("abc", split=["val", "test", "train"])))
    assert table.head == ["class", "train", "val", "test", "all"]
    assert table.lines == [["ig", 1, 1, 1, 3]]


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (1, 8, "12.5 %"),
        (1, 10000, "< 0.1 %"),
        (9999, 10000, "> 99.9 %"),
        (0, 5, "0.0 %"),
        (5, 5, "100.0 %"),
        (0, 0, ""),
    ],
)
def test_shares(part, whole, expected) -> None:
    assert tables.share(part, whole) == expected
