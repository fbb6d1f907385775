import pytest

from tasks.outliers import checks
from tasks.outliers.settings import Outliers

SETTINGS = Outliers(
    min_contrast=4.0, min_smoothness=0.5, max_flat=0.25, components=20, whitening=0.3, neighbours=30, false_alarm=0.05
)
CELL = {"contrast": 40.0, "smoothness": 0.95, "flat": 0.0, "verdict": ""}


@pytest.mark.parametrize(
    ("facts", "reason", "measure"),
    [
        ({}, "", None),
        ({"contrast": 3.9}, "blank", 3.9),
        ({"smoothness": 0.1}, "noise", 0.1),
        ({"flat": 0.5}, "part-lost", 0.5),
        ({"contrast": 4.0, "smoothness": 0.5, "flat": 0.25}, "", None),
        ({"contrast": 0.0, "smoothness": 0.0, "flat": 1.0}, "blank", 0.0),
        ({"contrast": 0.0, "verdict": "keep"}, "", None),
    ],
    ids=["cell", "blank", "noise", "part-lost", "at-the-limits", "first-reason-counts", "kept-by-a-person"],
)
def test_what_is_no_picture_goes_with_its_measure(table, facts: dict, reason: str, measure: float | None) -> None:
    row = checks.checked(table(["a"]).assign(**(CELL | facts)), SETTINGS).iloc[0]
    assert row["reason"] == reason
    assert row["kept"] == (reason == "")
    assert row["measure"] == measure or (measure is None and row["measure"] != row["measure"])


def test_rows_dropped_before_keep_their_reason(table) -> None:
    rows = table(["a"], kept=False, stage="dedupe", reason="exact-copy").assign(**(CELL | {"flat": 1.0}))
    assert checks.checked(rows, SETTINGS)["reason"].item() == "exact-copy"


def test_foreign_is_what_scores_above_the_limit_unless_a_person_keeps_it(table) -> None:
    rows = table(list("abc"), score=[4.0, 4.1, 9.0], verdict=["", "", "keep"])
    found = checks.foreign(rows, 4.0)
    assert found["reason"].tolist() == ["", "foreign", ""]
    assert found.loc[1, "measure"] == 4.1
