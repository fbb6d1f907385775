import pandas as pd
import pytest

from tasks.explain import examples

ROWS = pd.DataFrame(
    [
        ("a", "ig", "ig", 0.9), ("b", "ig", "mo", 0.8), ("c", "mo", "ig", 0.95), ("d", "mo", "mo", 0.6),
        ("e", "ig", "ig", 0.7), ("f", "ig", "ig", 0.5), ("g", "ba", "mo", 0.8), ("h", "ig", "ig", 0.6),
    ],
    columns=["id", "label", "predicted", "confidence"],
)  # fmt: skip


@pytest.mark.parametrize(("count", "expected"), [(9, "cbg"), (2, "cb"), (0, "")])
def test_wrong_answers_come_the_most_confident_first_and_ties_by_id(count: int, expected: str) -> None:
    assert "".join(examples.wrong(ROWS[::-1], count)["id"]) == expected


@pytest.mark.parametrize(
    ("each", "expected"), [(0, ""), (1, "ad"), (2, "afd"), (3, "ahfd"), (4, "aehfd"), (9, "aehfd")]
)
def test_right_answers_are_spread_over_confidence_class_by_class(each: int, expected: str) -> None:
    assert "".join(examples.right(ROWS[::-1], each)["id"]) == expected


def test_without_any_the_tables_are_empty_and_have_their_columns() -> None:
    right = ROWS[ROWS["label"] == ROWS["predicted"]]
    assert list(examples.wrong(right, 5).columns) == list(ROWS.columns)
    assert list(examples.right(ROWS.drop(right.index), 5).columns) == list(ROWS.columns)


def test_an_entry_has_what_examples_json_promises() -> None:
    row = next(ROWS.assign(delivery="d", source="a.png", why="unsure", image="cam/a.png").itertuples())
    assert examples.entry(row) == {
        "id": "a", "delivery": "d", "source": "a.png", "label": "ig", "predicted": "ig", "confidence": 0.9,
        "why": "unsure", "image": "cam/a.png",
    }  # fmt: skip
