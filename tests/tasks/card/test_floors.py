import pytest

from tasks.card import floors


@pytest.mark.parametrize(
    ("right", "low", "best", "answer"),
    [
        (0.97, 0.95, 0.98, "Good enough, by every floor"),
        (0.92, 0.85, 0.99, "Not shown to be good enough"),
        (0.85, 0.80, 0.89, "Not good enough"),
    ],
    ids=["above", "too little evidence", "below"],
)
def test_the_answer_tells_lack_of_evidence_from_what_is_bad(floor, decision, right, low, best, answer) -> None:
    assert floors.answer(decision(floor(right, low, best, 0.9))) == answer


def test_the_nearest_floor_is_named(floor, decision) -> None:
    wide, near = floor(0.97, 0.95, 0.98, 0.6), floor(0.93, 0.91, 0.95, 0.9, name="recall", slice="ig")
    expected = (
        "Each of 2 floors is reached. The nearest is that of recall of ig, 93.0 % (91.0 to 95.0); its floor 90.0 %."
    )
    assert floors.sentence(decision(wide, near)) == expected


def test_the_worst_failure_is_named_before_one_that_lacks_evidence(floor, decision) -> None:
    unsure, bad = floor(0.92, 0.5, 0.99, 0.9), floor(0.8, 0.78, 0.82, 0.85, name="worst", slice="motion_blur")
    expected = (
        "2 of 3 floors not reached. The foremost is that of balanced accuracy on the worst distortion (motion blur), "
        "80.0 % (78.0 to 82.0): below its floor 85.0 %."
    )
    assert floors.sentence(decision(unsure, bad, floor(0.97, 0.95, 0.98, 0.9))) == expected


def test_what_could_not_be_tested_is_said(floor, decision) -> None:
    untested = floor(None, None, None, 0.9, name="recall", slice="ig")
    expected = "No floor could be tested. Not tested, for lack of rows: recall of ig."
    assert floors.sentence(decision(untested)) == expected
    line = [cell.text for cell in floors.table(decision(untested)).lines[0]]
    assert line == ["recall of ig", "90", "90.0 %", "–", "not tested", "because"]


def test_the_table_has_accuracies_and_marks(floor, decision) -> None:
    why = "the whole interval is allowed; so few rows may hide an error of 0.1"
    table = floors.table(decision(floor(0.97, 0.95, 0.99, 0.9, why=why), floor(0.8, 0.7, 0.85, 0.9)))
    assert [[cell.text for cell in line] for line in table.lines] == [
        ["clean pictures", "90", "90.0 %", "97.0 % (95.0 to 99.0)", "reached", "so few rows may hide an error of 0.1"],
        ["clean pictures", "90", "90.0 %", "80.0 % (70.0 to 85.0)", "not reached", "because"],
    ]
    assert [line[4].tone for line in table.lines] == ["well", "bad"]
