from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.split.assign import BRIDGE, Assignment, assign, cut, reached, tied

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}
ids = st.integers(0, 60).map("{:03}".format)
rows_of_three = st.tuples(st.sampled_from("abc"), ids, st.sampled_from(["ig", "platelet"]))


def divide(rows: list[tuple[str, str, str]], pairs: list[tuple[str, str]] = ()) -> Assignment:
    return assign(images(*rows), tied(pairs), SHARES, 0)


def images(*rows: tuple[str, str, str]) -> pd.DataFrame:
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


deliveries = st.lists(rows_of_three, min_size=1, unique_by=lambda row: row[1]).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)
pairs_of_ids = st.lists(st.tuples(ids, ids), max_size=25)


@given(deliveries, pairs_of_ids)
def test_later_deliveries_and_the_order_of_rows_move_nothing(rows: list, pairs: list) -> None:
    splits = divide(rows, pairs).splits
    shuffled = sorted(rows, key=lambda row: (row[0], row[1][::-1]))
    assert divide(shuffled, pairs[::-1]).splits == splits
    earlier = [row for row in rows if row[0] < "c"]
    assert divide(earlier, pairs).splits == {row[1]: splits[row[1]] for row in earlier}


@given(deliveries, pairs_of_ids)
def test_no_pair_stands_in_two_splits(rows: list, pairs: list) -> None:
    splits = divide(rows, pairs).splits
    for a, b in pairs:
        if splits.get(a) and splits.get(b):
            assert splits[a] == splits[b]


@given(deliveries, pairs_of_ids)
def test_every_stratum_is_exact_to_within_one_group_as_it_came(rows: list, pairs: list) -> None:
    found, ties, counts = divide(rows, pairs), tied(pairs), Counter()
    for delivery in "abc":
        brought = {name: label for at, name, label in rows if at == delivery}
        earlier = {name for at, name, _ in rows if at < delivery and found.splits[name] != BRIDGE}
        groups = {tuple(reached(name, brought, ties)) for name in brought}
        free = [group for group in groups if not earlier & {other for one in group for other in ties.get(one, [])}]
        for label in ("ig", "platelet"):
            stratum = [found.splits[group[0]] for group in free if brought[group[0]] == label]
            counts[label] += len(stratum)
            for split, share in SHARES.items() if counts[label] >= 3 else ():
                assert abs(stratum.count(split) - share * len(stratum)) < 1 + 1e-9
            assert counts[label] >= 3 or set(stratum) <= {"train"}
    assert +counts == Counter(found.counts.to_dict())


BEFORE = [("0", f"before{k}", "ig") for k in range(3)]


def of_split(wanted: str) -> str:
    """An id whose image, alone in its delivery, comes into the split wanted."""
    return next(name for name in map("{:04}".format, range(999)) if cut([name], SHARES, 0)[name] == wanted)


def test_a_class_goes_to_train_until_it_has_an_image_for_each_split_and_stays_there() -> None:
    """Copies are one image: the first delivery has two."""
    first, more = [("a", "x", "ig"), ("a", "y", "ig"), ("a", "z", "ig")], [("b", f"{k:02}", "ig") for k in range(20)]
    assert divide(first, [("y", "z")]).splits == {"x": "train", "y": "train", "z": "train"}
    found = divide([*first, *more], [("y", "z")])
    assert {name: found.splits[name] for name in "xyz"} == {"x": "train", "y": "train", "z": "train"}
    assert Counter(found.splits[name] for _, name, _ in more) == {"train": 14, "val": 3, "test": 3}


def test_a_newcomer_joins_its_elder_s_split() -> None:
    elder = of_split("test")
    found = divide([*BEFORE, ("a", elder, "ig"), ("b", "new", "ig")], [(elder, "new")])
    assert found.splits["new"] == "test"
    assert found.counts.to_dict() == {"ig": 4}


def test_a_newcomer_that_would_join_two_splits_joins_none() -> None:
    one, two = of_split("test"), of_split("val")
    rows = [*BEFORE, ("a", two, "ig"), ("b", one, "ig"), ("c", "bridge", "ig"), ("c", "companion", "ig")]
    found = divide(rows, [(one, "bridge"), (two, "companion"), ("bridge", "companion")])
    here = {name: split for name, split in found.splits.items() if not name.startswith("before")}
    assert here == {two: "val", one: "test", "bridge": BRIDGE, "companion": BRIDGE}
    assert found.bridges == [(["bridge", "companion"], [two, one])]


def test_strata_are_counted_in_groups() -> None:
    names = [f"{k:03}" for k in range(200)]
    pairs = [(names[k], names[k + 1]) for k in range(0, 200, 2)]
    found = divide([("a", name, "ig") for name in names], pairs)
    assert found.counts.to_dict() == {"ig": 100}
    assert all(found.splits[a] == found.splits[b] for a, b in pairs)
    assert np.isclose(Counter(found.splits.values())["test"], 30, atol=2)


def test_what_is_tied_follows_pairs_both_ways_and_stays_inside() -> None:
    ties = tied([("a", "b"), ("c", "b"), ("c", "d")])
    assert ties == {"a": ["b"], "b": ["a", "c"], "c": ["b", "d"], "d": ["c"]}
    assert reached("a", {"a", "b", "c"}, ties) == ["a", "b", "c"]
    assert reached("a", {"a", "c"}, ties) == ["a"]
