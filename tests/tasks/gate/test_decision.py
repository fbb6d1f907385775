import json
from dataclasses import replace

import pytest

from tasks.gate.comparison import Comparison
from tasks.gate.decide import decide
from tasks.gate.decision import Decision

GOOD = Comparison(
    "non-inferiority",
    "clean",
    "",
    90,
    0.1,
    0.1,
    0.0,
    -0.01,
    0.01,
    0.02,
    True,
    "the whole interval lies within the margin",
)
MONOCYTE = Comparison("non-inferiority", "recall", "monocyte", 30, 0.1, 0.131, 0.031, 0.012, 0.05, 0.02, False, "worse")
RARE = replace(MONOCYTE, slice="platelet", difference=0.01, low=-0.1, high=0.12, why="too little evidence")
JPEG = replace(MONOCYTE, name="worst", slice="jpeg", difference=0.3, low=0.2, high=0.4, margin=0.03)
UNTESTED = replace(GOOD, name="acquisition_batch", slice="grey", low=None, high=None, passed=None, why="too few rows")
BETTER = Comparison("superiority", "mixed", "", 90, 0.3, 0.25, -0.05, -0.0701, -0.03, 0.005, True, "")
EQUAL = replace(BETTER, name="clean", difference=-0.0004, low=-0.01, high=0.008, margin=0.002, passed=False)
FLOOR = Comparison("minimum", "recall", "ig", 30, None, 0.29, None, 0.21, 0.35, 0.2, False, "below the minimum")
CLEAN = replace(FLOOR, name="clean", slice="", challenger=0.11, low=0.05, high=0.21)


def decision(promote: bool, *comparisons: Comparison) -> Decision:
    return Decision(promote, comparisons, 0.95, 2000, 0)


@pytest.mark.parametrize(
    ("comparison", "excess"),
    [(GOOD, 0.01 - 0.02), (RARE, 0.12 - 0.02), (FLOOR, 0.35 - 0.2), (BETTER, -0.03 + 0.005), (UNTESTED, 0.0)],
    ids=["not worse", "too uncertain", "floor", "better", "not tested"],
)
def test_how_far_an_interval_passes_what_is_allowed(comparison: Comparison, excess: float) -> None:
    assert comparison.excess == pytest.approx(excess)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (
            decision(True, GOOD, UNTESTED, EQUAL, BETTER),
            "Promoted: better on mixed corruptions by 0.050 (0.030 to 0.070), margin 0.005; "
            "not worse in any of 1 comparisons",
        ),
        (
            decision(False, GOOD, MONOCYTE, BETTER),
            "Kept the champion: worse on recall of monocyte by 0.031 (0.012 to 0.050), margin 0.02",
        ),
        (
            decision(False, RARE, MONOCYTE, JPEG, BETTER),
            "Kept the champion: worse on the worst corruption (jpeg) by 0.300 (0.200 to 0.400), margin 0.03 "
            "(and 2 more)",
        ),
        (
            decision(False, RARE, MONOCYTE, BETTER),
            "Kept the champion: worse on recall of monocyte by 0.031 (0.012 to 0.050), margin 0.02 (and 1 more)",
        ),
        (
            decision(False, GOOD, RARE, BETTER),
            "Kept the champion: not shown to be as good on recall of platelet: "
            "worse by 0.010 (-0.100 to 0.120), margin 0.02",
        ),
        (
            decision(False, GOOD, EQUAL),
            "Kept the champion: better nowhere that counts: clean images by 0.000 (-0.008 to 0.010), margin 0.002",
        ),
        (
            decision(False, FLOOR),
            "Not promoted, and there is no champion: recall of ig is 0.710 (0.650 to 0.790), its minimum 0.8",
        ),
        (
            decision(False, CLEAN),
            "Not promoted, and there is no champion: "
            "balanced accuracy on clean images is 0.890 (0.790 to 0.950), its minimum 0.8",
        ),
        (
            decision(True, replace(FLOOR, passed=True), replace(CLEAN, passed=True)),
            "Promoted: the first model, above each of 2 minimums",
        ),
    ],
    ids=[
        "superiority",
        "worse",
        "the worst of several",
        "harm before no evidence",
        "no evidence",
        "not better",
        "minimum",
        "clean minimum",
        "first",
    ],
)
def test_the_sentence_says_the_foremost_reason(made: Decision, sentence: str) -> None:
    assert made.sentence() == sentence


@pytest.mark.parametrize(
    ("comparison", "title"),
    [
        (replace(GOOD, name="delivery", slice="smears"), "delivery smears"),
        (replace(GOOD, name="sharpness", slice="4, sharpest"), "sharpness 4, sharpest"),
        (replace(GOOD, name="corrupted"), "corrupted images"),
    ],
    ids=["delivery", "sharpness", "corrupted"],
)
def test_a_comparison_is_named_in_words(comparison: Comparison, title: str) -> None:
    assert comparison.title == title


def test_a_decision_is_the_same_after_json(predictions, rules) -> None:
    old, new = (
        predictions("aaaabbbb", {"mixed": range(8)}, acquisition_batch=list("rrrrrrrs")),
        predictions("aaaabbbb", acquisition_batch=list("rrrrrrrs")),
    )
    for made in (decide(old, new, rules()), decide(new, old, rules()), decide(None, new, rules())):
        text = json.dumps(made.to_dict(), allow_nan=False)
        assert Decision.from_dict(json.loads(text)) == made
        assert json.loads(text)["sentence"] == made.sentence()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda values: values.pop("comparisons"),
        lambda values: values.pop("promote"),
        lambda values: values.update(verdict=1),
        lambda values: values["comparisons"][0].pop("why"),
    ],
    ids=["no comparisons", "no verdict", "a strange key", "half a comparison"],
)
def test_what_is_no_decision_is_refused(spoil) -> None:
    values = decision(True, GOOD, BETTER).to_dict()
    spoil(values)
    with pytest.raises(ValueError, match="no decision of the gate"):
        Decision.from_dict(values)


def test_the_table_has_a_row_for_each_comparison() -> None:
    table = decision(False, GOOD, UNTESTED, FLOOR).table()
    assert table["passed"].tolist() == [True, None, False]
    assert table["champion"].tolist() == [0.1, 0.1, None]
    assert list(table)[:4] == ["rule", "name", "slice", "rows"]


def test_the_markdown_shows_every_comparison() -> None:
    lines = decision(False, MONOCYTE, replace(UNTESTED, slice="a|b"), EQUAL).markdown().splitlines()
    assert lines[0] == f"{decision(False, MONOCYTE, EQUAL).sentence()}."
    assert lines[4:7] == [
        "| non-inferiority | recall of monocyte | 30 | 0.100 | 0.131 | 0.031 | 0.012 to 0.050 | 0.02 "
        "| **failed** | worse |",
        "| non-inferiority | acquisition batch a\\|b | 90 | 0.100 | 0.100 | 0.000 |  | 0.02 "
        "| not tested | too few rows |",
        "| superiority | clean images | 90 | 0.300 | 0.250 | 0.000 | -0.010 to 0.008 | 0.002 | no |  |",
    ]
    assert {line.count(" | ") for line in lines[2:7]} == {9}


def test_what_a_person_is_asked_fits_a_dialog() -> None:
    lines = decision(True, MONOCYTE, UNTESTED, BETTER, EQUAL, FLOOR).question().splitlines()
    assert lines[0] == f"{decision(True, MONOCYTE, UNTESTED, BETTER, EQUAL, FLOOR).sentence()}."
    assert lines[2:] == [
        "| error on | champion | challenger |  |",
        "| --- | ---: | ---: | --- |",
        "| recall of monocyte | 0.100 | 0.131 | **failed** |",
        "| acquisition batch grey | 0.100 | 0.100 | not tested |",
        "| mixed corruptions | 0.300 | 0.250 | better |",
        "| clean images | 0.300 | 0.250 | not better |",
        "| recall of ig |  | 0.290 | **failed** |",
    ]
