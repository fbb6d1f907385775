"""What holds for any two records. Examples are few and always the same ones."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.gate.decide import decide

COLUMNS = ("clean", "blur/1", "blur/2", "jpeg/1", "mixed")
FREE = dict.fromkeys(("clean", "corrupted", "worst", "mixed", "recall", "slices"), 1.0)
TRUTH = "a" * 12 + "b" * 12 + "c" * 6
HALVES = [f"d{k % 2}" for k in range(30)]

few = settings(derandomize=True, max_examples=25)
wrong_rows = st.sets(st.integers(0, 29), max_size=15)
wrong_answers = st.fixed_dictionaries(dict.fromkeys(COLUMNS, wrong_rows))
group_names = st.lists(st.sampled_from("pqrstuvwxyz"), min_size=30, max_size=30)


def by_measure(decision, rule):
    return {(c.name, c.slice if c.name != "worst" else ""): c for c in decision.comparisons if c.rule == rule}


def lists(wrong):
    return {name: sorted(rows) for name, rows in wrong.items()}


@few
@given(wrong_answers, group_names)
def test_identical_records_never_promote(predictions, rules, wrong, groups) -> None:
    one = predictions(TRUTH, lists(wrong), split_group=groups, delivery=HALVES)
    decision = decide(one, one, rules(superiority_margins={"clean": 0.0, "corrupted": 0.0, "mixed": 0.0}))
    assert not decision.promote
    assert {(c.difference, c.low, c.high) for c in decision.comparisons if c.passed is not None} == {(0.0, 0.0, 0.0)}


@few
@given(st.sampled_from(["class", "delivery", "acquisition_batch", "sharpness"]), st.data())
def test_worse_in_a_protected_slice_never_promotes(predictions, rules, slice_, data) -> None:
    rows = range(24, 30) if slice_ == "class" else range(0, 30, 3)
    columns = {} if slice_ == "class" else {slice_: ["s" if k in rows else "t" for k in range(30)]}
    lost = data.draw(st.sets(st.sampled_from(list(rows)), min_size=len(rows) // 5 + 1))
    gained = sorted(set(range(30)) - set(rows))
    old, new = (
        predictions(TRUTH, {"clean": gained, "mixed": range(30)}, **columns),
        predictions(TRUTH, {"clean": lost}, **columns),
    )
    narrow = {"recall": 0.1} if slice_ == "class" else {"slices": 0.1}
    decision = decide(old, new, rules(non_inferiority_margins=FREE | narrow))
    assert not decision.promote
    assert decide(old, new, rules(non_inferiority_margins=FREE)).promote, (
        "something else refuses, so the slice is not what is tested"
    )


@few
@given(wrong_answers, wrong_answers, group_names, st.data())
def test_an_answer_put_right_raises_no_bound(predictions, rules, champion, challenger, groups, data) -> None:
    row = data.draw(st.sampled_from(sorted(set().union(*challenger.values())) or [0]))
    put_right = data.draw(st.sets(st.sampled_from(COLUMNS), min_size=1))
    better = {name: rows - {row} if name in put_right else rows for name, rows in challenger.items()}
    old, before, after = (
        predictions(TRUTH, lists(wrong), split_group=groups, delivery=HALVES)
        for wrong in (champion, challenger, better)
    )
    loose = rules(level=0.5, non_inferiority_margins=dict.fromkeys(FREE, 0.2), superiority_margins={"mixed": 0.0})
    first, second = decide(old, before, loose), decide(old, after, loose)
    assert first.promote <= second.promote
    for rule in ("non-inferiority", "superiority"):
        for key, c in by_measure(first, rule).items():
            then = by_measure(second, rule)[key]
            assert then.passed is c.passed is None or (then.high <= c.high and then.passed >= c.passed), key


@few
@given(wrong_answers, group_names)
def test_an_answer_put_right_takes_no_first_model_s_place_away(predictions, rules, wrong, groups) -> None:
    before = decide(None, predictions(TRUTH, lists(wrong), split_group=groups), rules())
    fewer = {name: sorted(rows)[1:] for name, rows in wrong.items()}
    after = decide(None, predictions(TRUTH, fewer, split_group=groups), rules())
    assert before.promote <= after.promote
    assert all(b.high >= a.high for b, a in zip(before.comparisons, after.comparisons, strict=True))


@few
@given(wrong_answers, wrong_answers, group_names, st.permutations(range(len(TRUTH))))
def test_the_order_of_rows_does_not_matter(predictions, rules, champion, challenger, groups, order) -> None:
    def pair(order):
        place = {row: k for k, row in enumerate(order)}
        truth = "".join(TRUTH[row] for row in order)
        columns = {"split_group": [groups[row] for row in order], "delivery": [HALVES[row] for row in order]}
        moved = ({name: [place[row] for row in rows] for name, rows in w.items()} for w in (champion, challenger))
        return [predictions(truth, wrong, **columns) for wrong in moved]

    assert decide(*pair(order), rules()) == decide(*pair(range(len(TRUTH))), rules())
