"""Images that came without a class: in no split, until a person labels one, which moves no other."""

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import store
from tasks.split import stage
from tasks.split.assign import alone
from tasks.split.settings import Shares, Split

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}
SPLIT = Split(seed=0, shares=Shares(**SHARES))
ids = st.sampled_from([f"{k:02}" for k in range(24)])
files = st.lists(
    st.tuples(st.sampled_from("abc"), ids, st.sampled_from(["ig", "platelet", ""])),
    min_size=12,
    max_size=40,
    unique_by=lambda file: file[1],
)
pairs_of_ids = st.lists(st.tuples(ids, ids).filter(lambda pair: pair[0] != pair[1]), max_size=10)


def table(came: list[tuple[str, str, str]], **columns: object) -> pd.DataFrame:
    rows = pd.DataFrame(sorted(came), columns=["delivery", "id", "label"])
    facts = {"source": rows["id"], "split_group": rows["id"], "row": range(len(rows)), "drop_value": 0.0}
    rest = {"kept": True, "dropped_by": "", "drop_reason": "", "duplicate_of": "", "review_decision": ""}
    return rows.assign(**{**facts, **rest, **columns})


def labelled(rows: pd.DataFrame, names: set[str]) -> pd.DataFrame:
    """As dedupe gives them once a person has labelled those."""
    which = (rows["label"] == "") & rows["id"].isin(names)
    return rows.assign(
        label=rows["label"].mask(which, "ig"), review_decision=rows["review_decision"].mask(which, "label")
    )


def divided(rows: pd.DataFrame, pairs: list[tuple[str, str]] = [], split: Split = SPLIT) -> pd.DataFrame:  # noqa: B006
    return stage.divided(rows, pairs, split)[0].set_index("id")


@settings(max_examples=80)
@given(files, pairs_of_ids, st.sets(ids), st.sets(ids))
def test_labelling_moves_no_other_row(came: list, pairs: list, first: set[str], later: set[str]) -> None:
    rows = pd.concat([table(came), table([("d", "x", "ig")])], ignore_index=True)
    try:
        before, after = (divided(labelled(rows, names), pairs) for names in (first, first | later))
    except ValueError as error:
        if "drop one of the three" in str(error):  # a person keeps a bridge
            return
        raise
    same = before["split"] != ""
    free = same & (before["review_decision"] != "label")
    assert (after.loc[free.index[free], "split"] == before["split"][free]).all()
    assert (after.loc[same.index[same], "split"] != "").all()


@settings(max_examples=40)
@given(files, pairs_of_ids)
def test_without_a_class_they_are_in_no_split(came: list, pairs: list) -> None:
    found = divided(pd.concat([table(came), table([("d", "x", "ig")])], ignore_index=True), pairs)
    none = found["label"] == ""
    assert (found.loc[none, "split"] == "").all()
    assert not found.loc[none, "kept"].any()
    assert set(found.loc[none, "drop_reason"]) <= {"unlabelled"}
    assert (found.loc[none, "dropped_by"] == "split").all()


def test_each_takes_its_split_by_its_own_hash() -> None:
    names = [f"{k:04}" for k in range(400)]
    found = divided(labelled(table([("a", name, "") for name in names]), set(names)))["split"]
    assert found.to_dict() == {name: alone(name, SHARES, 0) for name in names}
    few = divided(labelled(table([("a", name, "") for name in names]), set(names[:7])))["split"]
    assert (few[few != ""] == found[names[:7]]).all()


def test_the_shares_are_kept_on_the_whole() -> None:
    counts = Counter(alone(f"{k}", SHARES, 0) for k in range(4000))
    assert {split: counts[split] / 4000 for split in SHARES} == pytest.approx(SHARES, abs=0.02)


def test_a_copy_with_a_class_that_comes_later_joins_the_split_of_one_without() -> None:
    names = [f"{k:02}" for k in range(40)]
    rows = table([*(("a", name, "") for name in names), *(("b", f"{name}x", "ig") for name in names)])
    pairs = [(name, f"{name}x") for name in names]
    before, after = divided(rows, pairs)["split"], divided(labelled(rows, set(names)), pairs)["split"]
    assert (before[[f"{name}x" for name in names]].to_numpy() == after[names].to_numpy()).all()
    assert set(before[before != ""]) == {"train", "val", "test"}


def test_nothing_but_images_without_a_class_is_told() -> None:
    with pytest.raises(ValueError, match=r"of 2 images that came, all were dropped \(unlabelled 2\)"):
        divided(table([("a", "1", ""), ("a", "2", "")]))


def test_a_class_that_is_none_is_told_with_the_file(tmp_path) -> None:
    with pytest.raises(ValueError, match="the review file labels a/1 as 'ig', expected one of platelet"):
        stage._check_labels(labelled(table([("a", "1", "")]), {"1"}), ["platelet"])


GIVEN = [("a", f"{k:03}", "ig") for k in range(60)]
SPLITS = ["train", "val", "test"] * 20


@pytest.mark.parametrize("asked", [True, False], ids=["asked for", "not asked for"])
def test_the_split_of_a_delivery_is_taken_on_request_alone(asked: bool) -> None:
    rows = table(GIVEN, given_split=SPLITS)
    found = divided(rows, split=SPLIT.model_copy(update={"given": asked}))["split"]
    assert (found.tolist() == SPLITS) == asked
    assert asked or Counter(found) == {"train": 42, "val": 9, "test": 9}


def test_copies_in_two_given_splits_go_together_and_are_not_learnt() -> None:
    rows = table(GIVEN, given_split=SPLITS)
    found = divided(rows, [("000", "002"), ("003", "004")], SPLIT.model_copy(update={"given": True}))["split"]
    assert found[["000", "002", "003", "004"]].tolist() == ["test", "test", "val", "val"]


def test_a_given_split_moves_no_earlier_copy() -> None:
    rows = table([("a", "000", "ig"), *(("b", *rest) for _, *rest in GIVEN[1:])], given_split=["train", *SPLITS[1:]])
    rows = rows.assign(given_split=rows["given_split"].mask(rows["id"] == "001", "test"))
    asked = SPLIT.model_copy(update={"given": True})
    assert divided(rows, [("000", "001")], asked)["split"]["001"] == "train"


def test_the_table_keeps_its_rows() -> None:
    rows = table([*GIVEN, ("b", "x", "")])
    store.check_same_rows(rows, stage.divided(rows, [], SPLIT)[0])
