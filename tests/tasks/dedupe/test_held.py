"""A delivery on hold: out of the dataset, in every table, and nothing else moves."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import reasons, store
from tasks.dedupe import copies, held, overrules
from tasks.dedupe import pairs as pair_tables
from tasks.dedupe.overrules import Overrule
from tasks.split import stage as split
from tasks.split.settings import Shares, Split

SPLIT = Split(seed=0, shares=Shares(train=0.6, val=0.2, test=0.2))
NOTHING_KEPT, TORN = "nothing to divide", "drop one of the three"
Pairs = dict[tuple[str, str], float]

names = st.sampled_from([f"{k:02}" for k in range(14)])
verdicts = st.sampled_from(["", "", "", "keep", "drop"])


def table(*files: tuple[str, str, str, str]) -> pd.DataFrame:
    """Rows as ingested, of (delivery, source, id, label)."""
    rows = pd.DataFrame(files, columns=["delivery", "source", "id", "label"])
    return rows.assign(
        row=range(len(rows)), split_group=rows["id"], kept=True, dropped_by="", drop_reason="", drop_value=float("nan"),
        duplicate_of="",
        height=96, width=96, file_bytes=1000, saturation=30.0, clipped=0.0, acquisition_batch="yellow",
    )  # fmt: skip


def judged(rows: pd.DataFrame, pairs: Pairs, on_hold: list[str], *said: Overrule) -> pd.DataFrame:
    """What dedupe makes of them."""
    nodes = copies.distinct(copies.ranked(rows))
    place = {name: k for k, name in enumerate(nodes["id"])}
    ends = sorted({(*sorted((place[a], place[b])), rmse) for (a, b), rmse in pairs.items() if {a, b} <= set(place)})
    first, second, rmse = ([end[k] for end in ends] for k in range(3))
    found = pair_tables.table(first=first, second=second, rmse=rmse, kind="near")
    rows = overrules.applied(rows, list(said), sorted(set(rows["delivery"])), on_hold)
    return copies.judged(held.dropped(rows, on_hold), nodes, found, "drop_all")


def by_source(rows: pd.DataFrame, column: str) -> dict[str, str]:
    return dict(zip(rows["source"], rows[column], strict=True))


def test_of_two_copies_the_other_stays() -> None:
    rows = table(("a", "1", "A", "ig"), ("b", "2", "A", "ig"), ("b", "3", "B", "ig"))
    assert by_source(judged(rows, {("A", "B"): 1.0}, []), "drop_reason") == {
        "1": "",
        "2": "exact-copy",
        "3": "near-copy",
    }
    found = judged(rows, {("A", "B"): 1.0}, ["a"])
    assert by_source(found, "drop_reason") == {"1": "held", "2": "", "3": "near-copy"}
    assert by_source(found, "duplicate_of") == {"1": "", "2": "", "3": "b/2"}
    assert set(found["split_group"]) == {"A"}


def test_its_label_is_no_conflict_for_others() -> None:
    rows = table(("a", "1", "A", "ig"), ("b", "2", "A", "platelet"))
    assert set(judged(rows, {}, [])["drop_reason"]) == {"label-conflict"}
    assert by_source(judged(rows, {}, ["b"]), "drop_reason") == {"1": "", "2": "held"}


@pytest.mark.parametrize(
    ("said", "on_hold", "reasons", "verdicts"),
    [
        pytest.param(Overrule(2, "a", "1", "", "drop", "me", "so"), ["a"], {"1": "review-drop", "2": ""}, ["drop", ""],
                     id="dropped by a person before"),
        pytest.param(Overrule(2, "a", "1", "", "keep", "me", "so"), ["a"], {"1": "held", "2": ""}, ["keep", ""],
                     id="kept by a person, of no effect meanwhile"),
        pytest.param(Overrule(2, "", "", "A", "keep", "me", "so"), ["a"], {"1": "held", "2": ""}, ["", "keep"],
                     id="an image that a person keeps is kept where it may"),
        pytest.param(Overrule(2, "", "", "A", "keep", "me", "so"), ["a", "b"], {"1": "held", "2": "held"}, ["keep", ""],
                     id="and is no error where it may not"),
    ],
)  # fmt: skip
def test_beside_a_person_s_verdict(
    said: Overrule, on_hold: list[str], reasons: dict[str, str], verdicts: list[str]
) -> None:
    found = judged(table(("a", "1", "A", "ig"), ("b", "2", "A", "ig")), {}, on_hold, said)
    assert by_source(found, "drop_reason") == reasons
    assert found["review_decision"].tolist() == verdicts


def test_an_unreadable_row_keeps_its_reason() -> None:
    rows = table(("a", "1", "A", "ig"), ("a", "2", "B", "ig"))
    rows = reasons.drop(rows, rows["source"] == "2", reasons.UNREADABLE)
    assert by_source(judged(rows, {}, ["a"]), "drop_reason") == {"1": "held", "2": "unreadable"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('deliveries:\n- "a"\n', [], id="without the key"),
        pytest.param('deliveries:\n- "a"\nheld: []\n', [], id="none"),
        pytest.param('deliveries:\n- "a"\nheld:\n- "a"\n', ["a"], id="one"),
    ],
)
def test_names(tmp_path: Path, text: str, expected: list[str]) -> None:
    (tmp_path / "list").write_text(text)
    assert held.names(tmp_path / "list") == expected


def test_a_name_that_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "list").write_text('deliveries:\n- "a"\nheld:\n- "b"\n')
    with pytest.raises(ValueError, match="held: 'b' is not among the deliveries"):
        held.names(tmp_path / "list")


Case = tuple[pd.DataFrame, Pairs, list[Overrule], list[str]]


@st.composite
def cases(draw) -> Case:
    """Files of three deliveries, confirmed pairs, a person's verdicts on single files, and deliveries to hold."""
    files = draw(st.lists(st.tuples(st.sampled_from("abc"), names, st.sampled_from(["ig", "platelet"])), min_size=1,
                          max_size=30))  # fmt: skip
    rows = table(*((where, f"{k:02}", one, label) for k, (where, one, label) in enumerate(sorted(files))))
    pairs = draw(st.lists(st.tuples(names, names).filter(lambda pair: pair[0] < pair[1]), max_size=10, unique=True))
    said = [
        Overrule(2, row.delivery, row.source, "", verdict, "me", "so")
        for row in rows.itertuples()
        if (verdict := draw(verdicts))
    ]
    return rows, dict.fromkeys(pairs, 1.0), said, draw(st.lists(st.sampled_from("abc"), unique=True, min_size=1))


def clean(rows: pd.DataFrame, pairs: Pairs, said: list[Overrule], on_hold: list[str]) -> pd.DataFrame | str:
    """The cleaned table, or the beginning of what split has against it."""
    found = judged(rows, pairs, on_hold, *said)
    try:
        return split.divided(found, [pair for pair in pairs if set(pair) <= set(rows["id"])], SPLIT)[0]
    except ValueError as error:
        return next(text for text in (NOTHING_KEPT, TORN) if text in str(error))


@settings(max_examples=12)
@given(cases())
def test_no_group_and_no_split_moves_and_a_release_gives_the_same_table(case: Case) -> None:
    check(*case)


@pytest.mark.long
@settings(max_examples=200)
@given(cases())
def test_the_same_of_many_cases(case: Case) -> None:
    check(*case)


def check(rows: pd.DataFrame, pairs: Pairs, said: list[Overrule], on_hold: list[str]) -> None:
    before, during, after = (clean(rows, pairs, said, names) for names in ([], on_hold, []))
    if isinstance(before, str):
        return
    pd.testing.assert_frame_equal(before, after)
    if isinstance(during, str):
        assert during == NOTHING_KEPT  # a hold never makes a person's verdicts contradict each other
        return
    store.check_same_rows(rows, during)
    store.check_rows(during)
    mine = during["delivery"].isin(on_hold)
    assert not during.loc[mine, "kept"].any()
    assert set(during.loc[mine, "drop_reason"]) <= {"held", "review-drop"}
    pd.testing.assert_series_equal(during["split_group"], before["split_group"])
    pd.testing.assert_series_equal(during["split"], before["split"])
