import pytest

from tasks.model_report import minimums


@pytest.mark.parametrize(
    ("right", "low", "best", "answer"),
    [
        (0.97, 0.95, 0.98, "Meets every minimum"),
        (0.92, 0.85, 0.99, "Not shown to meet every minimum"),
        (0.85, 0.80, 0.89, "Below a minimum"),
    ],
    ids=["above", "too little evidence", "below"],
)
def test_the_answer_tells_lack_of_evidence_from_what_is_bad(minimum, decision, right, low, best, answer) -> None:
    assert minimums.answer(decision(minimum(right, low, best, 0.9))) == answer


def test_the_nearest_floor_is_named(minimum, decision) -> None:
    wide, near = minimum(0.97, 0.95, 0.98, 0.6), minimum(0.93, 0.91, 0.95, 0.9, name="recall", slice="ig")
    expected = (
        "Each of 2 minimums is met. The nearest is that of recall of ig, 93.0 % (91.0 to 95.0); its minimum 90.0 %."
    )
    assert minimums.sentence(decision(wide, near)) == expected


def test_the_worst_failure_is_named_before_one_that_lacks_evidence(minimum, decision) -> None:
    unsure, bad = minimum(0.92, 0.5, 0.99, 0.9), minimum(0.8, 0.78, 0.82, 0.85, name="worst", slice="motion_blur")
    expected = (
        "2 of 3 minimums not met. The foremost is that of balanced accuracy on the worst corruption (motion blur), "
        "80.0 % (78.0 to 82.0): below its minimum 85.0 %."
    )
    assert minimums.sentence(decision(unsure, bad, minimum(0.97, 0.95, 0.98, 0.9))) == expected


def test_what_could_not_be_tested_is_said(minimum, decision) -> None:
    untested = minimum(None, None, None, 0.9, name="recall", slice="ig")
    expected = "No minimum could be tested. Not tested, for lack of rows: recall of ig."
    assert minimums.sentence(decision(untested)) == expected
    line = [cell.text for cell in minimums.table(decision(untested)).lines[0]]
    assert line == ["recall of ig", "90", "90.0 %", "–", "not tested", "because"]


def test_the_table_has_accuracies_and_marks(minimum, decision) -> None:
    why = "the whole interval lies within the margin; so few rows may hide an error of 0.1"
    table = minimums.table(decision(minimum(0.97, 0.95, 0.99, 0.9, why=why), minimum(0.8, 0.7, 0.85, 0.9)))
    assert [[cell.text for cell in line] for line in table.lines] == [
        ["clean images", "90", "90.0 %", "97.0 % (95.0 to 99.0)", "met", "so few rows may hide an error of 0.1"],
        ["clean images", "90", "90.0 %", "80.0 % (70.0 to 85.0)", "not met", "because"],
    ]
    assert [line[4].tone for line in table.lines] == ["well", "bad"]


def test_a_class_without_a_test_row_is_not_among_what_is_met(minimum, decision) -> None:
    tested, untested = minimum(0.97, 0.95, 0.98, 0.9), minimum(None, None, None, 0.9, name="recall", slice="ig", rows=0)
    assert minimums.answer(decision(tested, untested)) == "Meets every minimum that could be tested"
    assert minimums.sentence(decision(tested, untested)).startswith("Each of 1 minimum is met.")
