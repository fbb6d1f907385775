import pytest

from tasks.outliers import checks
from tasks.outliers.settings import Outliers

SETTINGS = Outliers(
    min_contrast=4.0, min_smoothness=0.5, max_flat=0.25, components=20, whitening=0.3, neighbours=30, false_alarm=0.05
)
CELL = {"contrast": 40.0, "smoothness": 0.95, "flat": 0.0, "review_decision": ""}


@pytest.mark.parametrize(
    ("facts", "reason", "measure"),
    [
        ({}, "", None),
        ({"contrast": 3.9}, "blank", 3.9),
        ({"smoothness": 0.1}, "noise", 0.1),
        ({"flat": 0.5}, "part-lost", 0.5),
        ({"contrast": 4.0, "smoothness": 0.5, "flat": 0.25}, "", None),
        ({"contrast": 0.0, "smoothness": 0.0, "flat": 1.0}, "blank", 0.0),
        ({"contrast": 0.0, "review_decision": "keep"}, "", None),
    ],
    ids=["cell", "blank", "noise", "part-lost", "at-the-limits", "first-reason-counts", "kept-by-a-person"],
)
def test_what_is_no_image_goes_with_its_measure(table, facts: dict, reason: str, measure: float | None) -> None:
    row = checks.checked(table(["a"]).assign(**(CELL | facts)), SETTINGS).iloc[0]
    assert row["drop_reason"] == reason
    assert row["kept"] == (reason == "")
    assert row["drop_value"] == measure or (measure is None and row["drop_value"] != row["drop_value"])


def test_rows_dropped_before_keep_their_reason(table) -> None:
    rows = table(["a"], kept=False, dropped_by="dedupe", drop_reason="exact-copy").assign(**(CELL | {"flat": 1.0}))
    assert checks.checked(rows, SETTINGS)["drop_reason"].item() == "exact-copy"


def test_an_outlier_is_what_scores_above_the_limit_unless_a_person_keeps_it(table) -> None:
    rows = table(list("abc"), outlier_score=[4.0, 4.1, 9.0], review_decision=["", "", "keep"])
    found = checks.outliers(rows, 4.0)
    assert found["drop_reason"].tolist() == ["", "outlier", ""]
    assert found.loc[1, "drop_value"] == 4.1
