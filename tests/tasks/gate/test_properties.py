"""What holds for any two records. Examples are few and always the same ones."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.gate.decide import decide

COLUMNS = ("clean", "blur/1", "blur/2", "jpeg/1", "mix")
FREE = dict.fromkeys(("clean", "distorted", "worst", "mix", "recall", "slices"), 1.0)
TRUTH = "a" * 12 + "b" * 12 + "c" * 6
HALVES = [f"d{k % 2}" for k in range(30)]

few = settings(derandomize=True, max_examples=25)
wrong_rows = st.sets(st.integers(0, 29), max_size=15)
wrong_answers = st.fixed_dictionaries(dict.fromkeys(COLUMNS, wrong_rows))
group_names = st.lists(st.sampled_from("pqrstuvwxyz"), min_size=30, max_size=30)


def told(decision, rule):
    return {(c.name, c.slice if c.name != "worst" else ""): c for c in decision.comparisons if c.rule == rule}


def lists(wrong):
    return {name: sorted(rows) for name, rows in wrong.items()}


@few
@given(wrong_answers, group_names)
def test_identical_records_never_promote(record, rules, wrong, groups) -> None:
    one = record(TRUTH, lists(wrong), group=groups, delivery=HALVES)
    decision = decide(one, one, rules(wanted={"clean": 0.0, "distorted": 0.0, "mix": 0.0}))
    assert not decision.promote
    assert {(c.difference, c.low, c.high) for c in decision.comparisons if c.passed is not None} == {(0.0, 0.0, 0.0)}


@few
@given(st.sampled_from(["class", "delivery", "batch", "sharpness"]), st.data())
def test_worse_in_a_protected_slice_never_promotes(record, rules, slice_, data) -> None:
    rows = range(24, 30) if slice_ == "class" else range(0, 30, 3)
    columns = {} if slice_ == "class" else {slice_: ["s" if k in rows else "t" for k in range(30)]}
    lost = data.draw(st.sets(st.sampled_from(list(rows)), min_size=len(rows) // 5 + 1))
    gained = sorted(set(range(30)) - set(rows))
    old, new = record(TRUTH, {"clean": gained, "mix": range(30)}, **columns), record(TRUTH, {"clean": lost}, **columns)
    narrow = {"recall": 0.1} if slice_ == "class" else {"slices": 0.1}
    decision = decide(old, new, rules(allowed=FREE | narrow))
    assert not decision.promote
    assert decide(old, new, rules(allowed=FREE)).promote, "something else refuses, so the slice is not what is tested"


@few
@given(wrong_answers, wrong_answers, group_names, st.data())
def test_an_answer_put_right_raises_no_bound(record, rules, champion, challenger, groups, data) -> None:
    row = data.draw(st.sampled_from(sorted(set().union(*challenger.values())) or [0]))
    put_right = data.draw(st.sets(st.sampled_from(COLUMNS), min_size=1))
    better = {name: rows - {row} if name in put_right else rows for name, rows in challenger.items()}
    old, before, after = (
        record(TRUTH, lists(wrong), group=groups, delivery=HALVES) for wrong in (champion, challenger, better)
    )
    loose = rules(level=0.5, allowed=dict.fromkeys(FREE, 0.2), wanted={"mix": 0.0})
    first, second = decide(old, before, loose), decide(old, after, loose)
    assert first.promote <= second.promote
    for rule in ("not worse", "better"):
        for key, c in told(first, rule).items():
            then = told(second, rule)[key]
            assert then.passed is c.passed is None or (then.high <= c.high and then.passed >= c.passed), key


@few
@given(wrong_answers, group_names)
def test_an_answer_put_right_takes_no_first_model_s_place_away(record, rules, wrong, groups) -> None:
    before = decide(None, record(TRUTH, lists(wrong), group=groups), rules())
    fewer = {name: sorted(rows)[1:] for name, rows in wrong.items()}
    after = decide(None, record(TRUTH, fewer, group=groups), rules())
    assert before.promote <= after.promote
    assert all(b.high >= a.high for b, a in zip(before.comparisons, after.comparisons, strict=True))


@few
@given(wrong_answers, wrong_answers, group_names, st.permutations(range(len(TRUTH))))
def test_the_order_of_rows_does_not_matter(record, rules, champion, challenger, groups, order) -> None:
    def pair(order):
        place = {row: k for k, row in enumerate(order)}
        truth = "".join(TRUTH[row] for row in order)
        columns = {"group": [groups[row] for row in order], "delivery": [HALVES[row] for row in order]}
        moved = ({name: [place[row] for row in rows] for name, rows in w.items()} for w in (champion, challenger))
        return [record(truth, wrong, **columns) for wrong in moved]

    assert decide(*pair(order), rules()) == decide(*pair(range(len(TRUTH))), rules())
