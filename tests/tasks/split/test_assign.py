from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.split.assign import assign, cut

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}
ids = st.integers(0, 60).map("{:03}".format)
rows_of_three = st.tuples(st.sampled_from("abc"), ids, st.sampled_from(["ig", "platelet"]))


def pictures(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["delivery", "id", "label"])


@given(st.sets(st.text("abcdef0123456789", min_size=4), min_size=1, max_size=200), st.integers(0, 1000))
def test_every_split_gets_its_share_to_within_one_group(names: set[str], seed: int) -> None:
    counts = Counter(cut(sorted(names), SHARES, seed).values())
    for split, share in SHARES.items():
        assert abs(counts[split] - share * len(names)) < 1 + 1e-9


def test_strata_of_one_fill_the_splits_by_their_shares() -> None:
    counts = Counter(cut([f"{k:05}"], SHARES, 0)[f"{k:05}"] for k in range(4000))
    assert {split: counts[split] / 4000 for split in SHARES} == pytest.approx(SHARES, abs=0.02)


def test_another_seed_is_another_division() -> None:
    names = [f"{k:03}" for k in range(100)]
    assert cut(names, SHARES, 0) != cut(names, SHARES, 1)


@given(st.lists(rows_of_three, min_size=1, unique_by=lambda row: row[1]), st.lists(st.tuples(ids, ids), max_size=25))
def test_later_deliveries_and_the_order_of_rows_move_nothing(rows: list, pairs: list) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    splits, _ = assign(pictures(*rows), pairs, SHARES, 0)
    shuffled = sorted(rows, key=lambda row: (row[0], row[1][::-1]))
    assert assign(pictures(*shuffled), pairs[::-1], SHARES, 0)[0] == splits
    earlier = [row for row in rows if row[0] < "c"]
    if earlier:
        before, _ = assign(pictures(*earlier), pairs, SHARES, 0)
        assert before == {row[1]: splits[row[1]] for row in earlier}


@given(st.lists(ids, unique=True, min_size=1), st.lists(st.tuples(ids, ids), max_size=40))
def test_no_pair_stands_in_two_splits(names: list, pairs: list) -> None:
    rows = pictures(*sorted(("ab"[int(name) % 2], name, "ig") for name in names))
    splits, _ = assign(rows, pairs, SHARES, 0)
    for a, b in pairs:
        if splits.get(a) and splits.get(b):
            assert splits[a] == splits[b]


def of_split(wanted: str, delivery: str = "a", seed: int = 0) -> str:
    """An id whose picture, alone in its delivery, comes into the split wanted."""
    return next(name for name in map("{:04}".format, range(999)) if cut([name], SHARES, seed)[name] == wanted)


def test_a_newcomer_joins_its_elder_s_split() -> None:
    elder = of_split("test")
    splits, counts = assign(pictures(("a", elder, "ig"), ("b", "new", "ig")), [(elder, "new")], SHARES, 0)
    assert splits["new"] == "test"
    assert counts.to_dict() == {"ig": 1}


def test_a_newcomer_that_would_join_two_splits_joins_none() -> None:
    one, two = of_split("test"), of_split("val")
    rows = pictures(("a", one, "ig"), ("b", two, "ig"), ("c", "bridge", "ig"), ("c", "companion", "ig"))
    splits, _ = assign(rows, [(one, "bridge"), (two, "companion"), ("bridge", "companion")], SHARES, 0)
    assert (splits[one], splits[two]) == ("test", "val")
    assert splits["bridge"] == splits["companion"] == ""


def test_strata_are_counted_in_groups() -> None:
    names = [f"{k:03}" for k in range(200)]
    pairs = [(names[k], names[k + 1]) for k in range(0, 200, 2)]
    splits, counts = assign(pictures(*(("a", name, "ig") for name in names)), pairs, SHARES, 0)
    assert counts.to_dict() == {"ig": 100}
    assert all(splits[a] == splits[b] for a, b in pairs)
    assert np.isclose(Counter(splits.values())["test"], 30, atol=2)
