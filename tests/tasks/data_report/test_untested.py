import pytest

from tasks.data_report import untested
from tasks.data_report.summary import summary


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        (["train", "val", "test"], []),
        (["train", "train", "test"], []),
        (["train", "train", "train"], ["Class mo is untested: 3 kept images, in train only. Add more, or"]),
        (["train", "val", "val"], ["Class mo is untested: 3 kept images, in train and val only. Add more, or"]),
        (["test", "val", "val"], ["Class mo: no image of it is kept in train, so a model will not know it."]),
    ],
)
def test_a_class_without_images_to_test_or_to_learn(full, splits: list[str], expected: list[str]) -> None:
    rows = full("abcdefg", label=["ig"] * 3 + ["mo"] * 3 + [""], split=["train", "val", "test", *splits, "train"])
    told = untested.told(summary(rows))
    assert [line[: len(start)] for line, start in zip(told, expected, strict=True)] == expected


def test_what_was_dropped_tests_nothing(full) -> None:
    rows = full(
        "abc", {"c": ("outliers", "outlier", ""), "a": ("outliers", "outlier", "")}, split=["train", "train", "test"]
    )
    assert untested.told(summary(rows)) == [
        "Class ig is untested: 1 kept image, in train only. Add more, or remove it from classes in params.yaml."
    ]
    rows = full("ab", dict.fromkeys("ab", ("outliers", "outlier", "")))
    assert untested.told(summary(rows)) == ["Class ig: no image of it is kept in train, so a model will not know it."]
