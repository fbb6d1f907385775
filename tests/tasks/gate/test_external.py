"""The voice of external deliveries. Where figures are named, they are those of two trainings that were measured."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tasks import predictions as stored
from tasks.gate.decide import decide
from tasks.gate.decision import Decision
from tasks.gate.settings import Gate
from tasks.params import load
from tasks.predictions import EXTERNAL_COLUMNS

CLASSES = "abcde"
FREE = dict.fromkeys(("clean", "corrupted", "worst", "mixed", "recall", "slices"), 1.0)
FEW = {"non_inferiority_margins": FREE, "min_external_rows": 20}


def external(right: dict[str, int], rows: int, name: str = "jtsc", left_out: dict[int, str] | None = None):
    """Rows of each class, of which so many are answered rightly, those first."""
    labels = np.repeat(list(right), rows)
    wrong = {label: CLASSES[(CLASSES.index(label) + 1) % len(CLASSES)] for label in CLASSES}
    predicted = [label if k % rows < right[label] else wrong[label] for k, label in enumerate(labels)]
    ids = [f"{name}-{k:04}" for k in range(len(labels))]
    table = pd.DataFrame({"delivery": name, "source": ids, "id": ids, "label": labels, "predicted": predicted})
    table = table.assign(left_out="", confidence=0.5, ood_score=0.0, why="")
    for row, why in (left_out or {}).items():
        table.loc[row, ["left_out", "predicted"]] = [why, ""]
    return table[list(EXTERNAL_COLUMNS)]


def of(decision: Decision) -> list:
    return [c for c in decision.comparisons if c.name == "external"]


@pytest.fixture
def pair(predictions):
    """A champion and a challenger that is better on every own test row, with their answers elsewhere."""

    def build(champion: pd.DataFrame, challenger: pd.DataFrame):
        truth = "".join(name * 40 for name in CLASSES)
        worse = {name: range(0, 200, 8) for name in ("clean", "blur/1", "blur/2", "jpeg/1", "mixed")}
        before, after = predictions(truth, worse, CLASSES), predictions(truth, {}, CLASSES)
        return replace(before, external=champion), replace(after, external=challenger)

    return build


def test_a_model_that_is_better_here_and_worse_elsewhere_is_refused(pair) -> None:
    """Own benchmark up; balanced accuracy on 300 cells of another laboratory from 0.432 to 0.357, by params.yaml."""
    before = external({"a": 30, "b": 28, "c": 26, "d": 24, "e": 22}, 60)
    after = external({"a": 20, "b": 24, "c": 24, "d": 20, "e": 19}, 60)
    champion, challenger = pair(before, after)
    decision = decide(champion, challenger, load(Gate))
    (found,) = of(decision)
    assert (found.rows, found.slice) == (300, "jtsc")
    assert (1 - found.champion, 1 - found.challenger) == pytest.approx((0.4333, 0.3567), abs=1e-3)
    assert not decision.promote
    assert decision.sentence().startswith("Kept the champion: worse on external delivery jtsc by 0.077 (")
    assert [c.title for c in decision.comparisons if c.passed is False and c.rule != "superiority"] == [found.title]
    without = [replace(each, external=each.external.head(0)) for each in (champion, challenger)]
    assert decide(*without, load(Gate)).promote


@pytest.mark.parametrize(
    ("after", "margin", "promote"),
    [(15, 0.1, True), (14, 0.1, False), (14, 0.4, True), (25, 0.0, True), (25, 0.1, True)],
    ids=["the same answers", "worse by less than the interval", "a wide margin", "better, margin 0", "better"],
)
def test_the_whole_interval_of_the_increase_must_lie_within_the_margin(pair, rules, after, margin, promote) -> None:
    before = external({"a": 15, "b": 15}, 30)
    changed = external({"a": after, "b": 15}, 30) if after >= 15 else external({"a": after - 6, "b": after - 2}, 30)
    given = {**FEW, "non_inferiority_margins": {**FREE, "external": margin}}
    decision = decide(*pair(before, changed), rules(**given))
    assert decision.promote is promote, decision.sentence()
    (found,) = of(decision)
    assert (found.rule, found.margin) == ("non-inferiority", margin)


def test_to_be_better_elsewhere_alone_promotes_no_model(predictions, rules) -> None:
    same = predictions("".join(name * 40 for name in CLASSES), {}, CLASSES)
    before, after = (external({"a": right, "b": right}, 30) for right in (5, 25))
    assert not decide(replace(same, external=before), replace(same, external=after), rules(**FEW)).promote


def test_a_small_delivery_is_listed_and_named_as_not_tested(pair, rules) -> None:
    before, after = external({"a": 9}, 19), external({"a": 0}, 19)
    decision = decide(*pair(before, after), rules(**FEW))
    (found,) = of(decision)
    assert (decision.promote, found.passed, found.low) == (True, None, None)
    assert "; not tested on external deliveries: jtsc (too few rows: 19, tested from 20 on)" in decision.sentence()
    assert "| external delivery jtsc | 19 |" in decision.markdown()


def test_each_delivery_is_judged_by_itself(pair, rules) -> None:
    before = [external({"a": 20, "b": 20}, 30, name) for name in ("jtsc", "cellavision")]
    after = [before[0], external({"a": 5, "b": 5}, 30, "cellavision")]
    decision = decide(*pair(pd.concat(before), pd.concat(after)), rules(**FEW))
    assert [(c.slice, c.passed) for c in of(decision)] == [("jtsc", True), ("cellavision", False)]
    assert "worse on external delivery cellavision by 0.500" in decision.sentence()


def test_what_one_of_the_models_has_seen_in_training_is_left_out_for_both(pair, rules) -> None:
    before = external({"a": 20, "b": 20}, 30, left_out={0: "in-training"})
    after = external({"a": 20, "b": 20}, 30, left_out={1: "in-training", 31: "unknown-class"})
    (found,) = of(decide(*pair(before, after), rules(**FEW)))
    assert found.rows == 57
    assert found.champion == pytest.approx(1 - (18 / 28 + 19 / 29) / 2)
    nothing = [external({"a": 9}, 3, left_out=dict.fromkeys(range(3), "in-training")) for _ in range(2)]
    (found,) = of(decide(*pair(*nothing), rules(**FEW)))
    assert (found.rows, found.passed, found.why) == (0, None, "no test row")


def test_a_champion_that_was_never_judged_on_it_is_no_match(pair, rules) -> None:
    """It passes no gate silently: a retraining judges the champion anew, and the gate refuses to compare before."""
    here = external({"a": 9, "b": 9}, 30)
    champion, challenger = pair(here.head(0), here)
    with pytest.raises(
        ValueError, match=r"external deliveries of the champion alone: 0; of the challenger alone: 1 \(jtsc\)"
    ):
        decide(champion, challenger, rules(**FEW))
    with pytest.raises(ValueError, match=r"external images of the champion alone: 1 \(jtsc/jtsc-0000 jtsc-0000\)"):
        decide(*pair(here, here.drop(index=0)), rules(**FEW))


def test_a_first_model_has_nothing_to_be_compared_with_elsewhere(pair, rules) -> None:
    assert of(decide(None, pair(*[external({"a": 0}, 30)] * 2)[1], rules(**FEW))) == []


def test_an_evaluation_keeps_it_and_an_older_one_has_none(pair, tmp_path) -> None:
    written = pair(*[external({"a": 3}, 5, left_out={4: "in-training"})] * 2)[0]
    stored.write(tmp_path, written)
    pd.testing.assert_frame_equal(stored.read(tmp_path).external, written.external)
    (tmp_path / stored.EXTERNAL).unlink()
    assert list(stored.read(tmp_path).external.columns) == list(EXTERNAL_COLUMNS)
    assert stored.read(tmp_path).external.empty
