import numpy as np
import pytest

from tasks.gate import bootstrap
from tasks.gate.decide import decide
from tasks.predictions import SLICES

COLUMNS = ("clean", "blur/1", "blur/2", "jpeg/1", "mixed")
FREE = dict.fromkeys(("clean", "corrupted", "worst", "mixed", "recall", "slices"), 1.0)
TRUTH = "a" * 12 + "b" * 12 + "c" * 6
HALVES = [f"d{k % 2}" for k in range(30)]


def by_measure(decision, rule="non-inferiority"):
    return {(c.name, c.slice if c.name != "worst" else ""): c for c in decision.comparisons if c.rule == rule}


EVERYWHERE = {name: range(0, 60, 2) for name in COLUMNS}
NOWHERE: dict = {}


@pytest.mark.parametrize(
    ("champion", "challenger", "promote"),
    [
        (EVERYWHERE, NOWHERE, True),
        (NOWHERE, EVERYWHERE, False),
        (EVERYWHERE, EVERYWHERE, False),
        (NOWHERE, NOWHERE, False),
        ({"mixed": range(0, 60, 2)}, NOWHERE, True),
        ({"clean": range(0, 60, 2)}, NOWHERE, True),
        ({"blur/1": range(60), "blur/2": range(60)}, NOWHERE, True),
        ({"mixed": [0]}, NOWHERE, False),
        ({"mixed": range(0, 60, 2)}, {"jpeg/1": range(0, 60, 3)}, False),
        ({"mixed": range(0, 60, 2), "blur/1": range(0, 60, 2)}, {"jpeg/1": range(0, 60, 9)}, True),
    ],
    ids=[
        "better in all",
        "worse in all",
        "the same answers",
        "both perfect",
        "better on mixed corruptions alone",
        "better on clean alone",
        "better under one kind",
        "better in one row",
        "better on mixed corruptions, worse under a kind",
        "another kind is worst, and that is better than the old worst",
    ],
)
def test_a_challenger_is_promoted(predictions, rules, champion, challenger, promote) -> None:
    truth = "a" * 20 + "b" * 20 + "c" * 20
    decision = decide(predictions(truth, champion), predictions(truth, challenger), rules())
    assert decision.promote is promote, decision.sentence()


@pytest.mark.parametrize(
    ("wanted", "level", "passed"),
    [(0.0, 0.95, False), (0.0, 0.86, True), (0.005, 0.86, True), (0.01, 0.86, False)],
    ids=["too few rows for three tests", "enough at a lower level", "small margin", "margin inside the interval"],
)
def test_better_means_that_the_whole_interval_is_for_three_tests(predictions, rules, wanted, level, passed) -> None:
    # Four of a class's forty rows were wrong: 1.5 % of draws hold none of them, and 2.5 % > 1.5 % > 2.5 % / 3. At the
    # lower level 7 % / 3 remain, where a draw holds one: a gain of 1 / 40, over three classes 0.0083.
    truth, asked = (
        "a" * 40 + "b" * 20 + "c" * 20,
        rules(resamples=2000, superiority_margins={"mixed": wanted}, level=level),
    )
    made = decide(predictions(truth, {"mixed": range(4)}), predictions(truth), asked)
    assert by_measure(made, "superiority")["mixed", ""].passed is passed is made.promote
    assert by_measure(made, "superiority")["mixed", ""].difference == pytest.approx(-1 / 30)


@pytest.mark.parametrize(("wanted", "promote"), [(0.09, True), (0.1, False)], ids=["beyond", "exactly"])
def test_better_means_more_than_wanted(predictions, rules, wanted, promote) -> None:
    columns = {"split_group": list("a" * 10 + "b" * 10 + "c" * 10)}  # a group a class: no interval has any width
    old = predictions("a" * 10 + "b" * 10 + "c" * 10, {"clean": [0, 10, 20]}, **columns)
    new = predictions("a" * 10 + "b" * 10 + "c" * 10, **columns)
    assert decide(old, new, rules(superiority_margins={"clean": wanted})).promote is promote


LOSSES = {
    "clean": ({"clean": [0, 1, 2, 12, 13, 14, 24, 25]}, ("clean", "")),
    "corrupted": ({"blur/1": range(12), "jpeg/1": range(12)}, ("corrupted", "")),
    "worst": ({"blur/1": range(8, 16), "blur/2": range(8, 16)}, ("worst", "")),
    "mixed": ({"mixed": range(0, 30, 3)}, ("mixed", "")),
    "recall": ({"clean": [24, 25, 26]}, ("recall", "c")),
    "slices": ({"clean": range(0, 12, 2)}, ("delivery", "d0")),
}


@pytest.mark.parametrize("protected", LOSSES)
def test_each_protected_loss_alone_refuses(predictions, rules, protected: str) -> None:
    loss, key = LOSSES[protected]
    # Better on whichever of clean and mixed is not looked at, so that nothing but the loss can refuse.
    gain = "clean" if protected == "mixed" else "mixed"
    old, new = predictions(TRUTH, {gain: range(30)}, delivery=HALVES), predictions(TRUTH, loss, delivery=HALVES)
    assert decide(old, new, rules(non_inferiority_margins=FREE)).promote
    decision = decide(old, new, rules(non_inferiority_margins={**FREE, protected: 0.05}))
    assert not decision.promote
    failed = {name for name, c in by_measure(decision).items() if c.passed is False}
    assert key in failed
    assert {name for name, _ in failed} <= ({key[0]} if protected != "slices" else set(SLICES))


@pytest.fixture
def pair(predictions):
    rng = np.random.default_rng(1)
    wrong = ({name: rng.choice(30, 8, replace=False) for name in COLUMNS} for _ in range(2))
    return [predictions(TRUTH, answers, delivery=HALVES) for answers in wrong]


def test_the_order_of_resampling_does_not_matter(pair, rules, monkeypatch) -> None:
    at_once = decide(*pair, rules())
    monkeypatch.setattr(bootstrap, "BLOCK_BYTES", 4 * 30 * 7)
    assert decide(*pair, rules()) == at_once


def test_a_seed_repeats_and_another_draws_anew(pair, rules) -> None:
    first, again, other = (decide(*pair, rules(seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert [c.difference for c in other.comparisons] == [c.difference for c in first.comparisons]
    assert [c.high for c in other.comparisons] != [c.high for c in first.comparisons]


def test_copies_are_no_further_evidence(predictions, rules) -> None:
    old, new = ({"mixed": [k for k in range(30) if k % 3 != rest]} for rest in (0, 3))
    alone = decide(predictions(TRUTH, new), predictions(TRUTH, old), rules())
    threefold = [f"{k:03}" for k in range(30) for _ in range(3)]
    wrong = [{"mixed": [3 * k + copy for k in answers["mixed"] for copy in range(3)]} for answers in (new, old)]
    copied = [predictions("".join(3 * name for name in TRUTH), answers, split_group=threefold) for answers in wrong]
    bounds = [[(c.low, c.high) for c in by_measure(d).values()] for d in (alone, decide(*copied, rules()))]
    assert bounds[0] == bounds[1]


@pytest.mark.parametrize(
    ("groups", "passed", "why"),
    [
        ([f"{k:03}" for k in range(30)], False, "worse"),
        (["one"] * 10 + [f"{k:03}" for k in range(20)], None, "too few rows: 10 in 1 split groups, tested from 4 on"),
    ],
    ids=["enough", "ten copies of one"],
)
def test_a_slice_is_tested_from_enough_split_groups_on(predictions, rules, groups, passed, why) -> None:
    columns = {"acquisition_batch": ["rare"] * 10 + ["blue"] * 20, "split_group": groups}
    decision = decide(predictions(TRUTH, **columns), predictions(TRUTH, {"clean": range(10)}, **columns), rules())
    rare = by_measure(decision)["acquisition_batch", "rare"]
    assert (rare.rows, rare.difference, rare.passed, rare.why) == (10, 1.0, passed, why)


def test_a_class_without_test_rows_is_listed(predictions, rules) -> None:
    decision = decide(predictions("aaaabbbb", {"mixed": range(8)}), predictions("aaaabbbb"), rules())
    c = by_measure(decision)["recall", "c"]
    assert (c.rows, c.champion, c.challenger, c.passed, c.why) == (0, None, None, None, "no test row")
    assert decision.promote


def test_a_class_with_few_rows_says_what_they_may_hide(predictions, rules) -> None:
    decision = decide(predictions(TRUTH), predictions(TRUTH), rules())
    # Six rows that show nothing: 0.541^6 = 0.025.
    assert by_measure(decision)["recall", "c"].why.endswith("so few rows may hide an error of 0.459")


@pytest.mark.parametrize(
    ("wrong", "failed"),
    [
        ({}, set()),
        ({"clean": range(24, 30)}, {"c"}),
        ({"mixed": range(30)}, {"mixed"}),
        ({"jpeg/1": range(30)}, {"worst"}),
        ({"jpeg/1": range(30), "blur/1": range(30)}, {"worst", "corrupted"}),
        ({"clean": [0, 1, 2, 3, 4]}, {"a"}),
    ],
    ids=[
        "perfect",
        "a class",
        "mixed corruptions",
        "one kind",
        "corrupted",
        "a class whose estimate is above its minimum",
    ],
)
def test_a_first_model_must_reach_each_floor_with_its_lower_bound(predictions, rules, wrong, failed) -> None:
    decision = decide(None, predictions(TRUTH, wrong), rules(resamples=1000))
    assert {c.slice if c.name == "recall" else c.name for c in decision.comparisons if not c.passed} == failed
    assert decision.promote is not bool(failed)
    assert decision.first


def test_an_interval_that_ends_on_its_margin_keeps_it(predictions, rules) -> None:
    # Every row of a class is one group, so no interval has any width; 1 - 0.9 is less than 0.1 in floats.
    columns = {"split_group": list("a" * 10 + "b" * 10 + "c" * 10)}
    new = predictions("a" * 10 + "b" * 10 + "c" * 10, {"clean": [0, 10, 20]}, **columns)
    assert decide(None, new, rules(minimums={"clean": 0.9, "recall": 0.9})).promote
    assert not decide(None, new, rules(minimums={"clean": 0.91})).promote


@pytest.mark.long
def test_a_truly_worse_class_of_many_rows_passes_as_seldom_as_the_level_says(predictions, rules) -> None:
    rng, passed = np.random.default_rng(0), 0
    truth = "a" * 600 + "b" * 20 + "c" * 20
    for _ in range(400):  # truly worse by 0.1, its margin: 13 % of the answers become wrong, 3 % right
        u = rng.random(600)
        old, new = np.flatnonzero((u > 0.13) & (u < 0.16)), np.flatnonzero(u < 0.13)
        decision = decide(predictions(truth, {"clean": old}), predictions(truth, {"clean": new}), rules())
        passed += by_measure(decision)["recall", "a"].passed
    assert passed / 400 <= 0.025 + 3 * (0.025 * 0.975 / 400) ** 0.5
