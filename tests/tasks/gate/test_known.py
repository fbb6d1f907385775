"""A class that was added, renamed or dropped between two models."""

import json

import pytest

from tasks.gate.decide import decide
from tasks.gate.decision import Decision

OLD = "a" * 12 + "b" * 12
NEW = OLD + "c" * 12


def of(decision, rule, name="recall"):
    return {c.slice: c for c in decision.comparisons if c.rule == rule and c.name == name}


def test_a_model_that_knows_a_class_more_and_is_as_good_elsewhere_wins(predictions, rules) -> None:
    decision = decide(predictions(OLD, {"clean": [0]}, classes="ab"), predictions(NEW, {"clean": [0]}), rules())
    assert decision.promote
    assert (decision.new, decision.gone) == (("c",), ())
    assert set(of(decision, "non-inferiority")) == {"a", "b"}
    assert of(decision, "non-inferiority", "clean")[""].rows == 24
    assert of(decision, "non-inferiority", "clean")[""].champion == pytest.approx(1 / 24)
    assert of(decision, "non-inferiority", "clean")[""].difference == 0
    c = of(decision, "superiority")["c"]
    # Twelve right answers leave room for an error of 1 - 0.00625^(1/12): 0.05 / 4 tests, on one side.
    assert (c.champion, c.challenger, c.difference, c.low) == (1, 0, -1, -1)
    assert c.high == pytest.approx(-(0.00625 ** (1 / 12)))
    assert decision.sentence() == (
        "Promoted: knows c, recall 1.000 (0.655 to 1.000); not worse in any of 9 comparisons; "
        "compared on the classes that both know (only the challenger knows c)"
    )


@pytest.mark.parametrize(
    ("wrong", "rows", "said"),
    [
        ({"clean": [0, 1, 2, 3, 4, 5]}, 12, "Kept the champion: worse on "),
        ({"clean": range(24, 32)}, 12, "Kept the champion: recall of c is 0.333 ("),
        ({}, 1, "Kept the champion: better nowhere that counts: "),
        ({}, 0, "Kept the champion: better nowhere that counts: "),
    ],
    ids=["worse where both know", "new class below its minimum", "a single test row", "no test row"],
)
def test_a_class_more_is_not_enough(predictions, rules, wrong, rows, said) -> None:
    decision = decide(predictions(OLD, classes="ab"), predictions(NEW[: 24 + rows], wrong), rules())
    assert not decision.promote
    assert decision.sentence().startswith(said)


def test_a_known_cell_that_is_called_by_the_new_class_counts_as_wrong(predictions, rules) -> None:
    called_c = [12, 13, 14]  # b is followed by c
    decision = decide(predictions(OLD, classes="ab"), predictions(NEW, {"clean": called_c}), rules())
    assert of(decision, "non-inferiority")["b"].challenger == 3 / 12


def test_a_new_class_without_test_rows_is_untested_and_never_passed(predictions, rules) -> None:
    decision = decide(predictions(OLD, {"mixed": range(24)}, classes="ab"), predictions(OLD), rules())
    assert decision.promote
    c = of(decision, "minimum")["c"]
    assert (c.rows, c.passed, c.why) == (0, None, "no test row")
    assert "c" not in of(decision, "superiority")
    assert decision.untested == ["c"]
    assert decision.sentence().endswith("; untested, without a test row: c")


def test_a_first_model_counts_no_untested_class_among_what_it_passed(predictions, rules) -> None:
    decision = decide(None, predictions(OLD), rules())
    assert decision.promote
    assert decision.sentence() == (
        "Promoted: the first model, above each of 6 minimums; untested, without a test row: c"
    )


def test_a_class_that_was_dropped_is_named_and_an_answer_with_it_is_wrong(predictions, rules) -> None:
    champion = predictions(OLD, {"clean": range(12, 24)})  # calls each b a c
    decision = decide(champion, predictions(OLD, classes="ab"), rules())
    assert decision.promote
    assert of(decision, "non-inferiority")["b"].champion == 1
    assert decision.sentence().endswith("; compared on the classes that both know (only the champion knows c)")


def test_the_order_of_classes_does_not_matter(predictions, rules) -> None:
    wrong = {"mixed": range(0, 24, 2)}
    same, turned = (predictions(OLD, wrong, classes=names) for names in ("ab", "ba"))
    better = predictions(OLD, classes="ab")
    assert decide(turned, better, rules()) == decide(same, better, rules())


def test_without_a_class_in_common_there_is_nothing_to_compare(predictions, rules) -> None:
    with pytest.raises(ValueError, match="no class in common: a, b and c, d"):
        decide(predictions("aabb", classes="ab"), predictions("ccdd", classes="cd"), rules())


def test_a_decision_about_other_classes_is_the_same_after_json(predictions, rules) -> None:
    decision = decide(predictions(OLD, classes="ab"), predictions(NEW), rules())
    values = json.loads(json.dumps(decision.to_dict()))
    assert Decision.from_dict(values) == decision
    older = {name: value for name, value in values.items() if name not in ("new", "gone")}
    assert Decision.from_dict(older).new == ()
