import numpy as np
import pandas as pd
import pytest

from tasks.dedupe import copies
from tasks.dedupe.near import Pairs

COLUMNS = ["delivery", "source", "id", "label"]


def table(*rows: tuple[str, str, str, str], unreadable: tuple[str, ...] = ()) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    broken = frame["source"].isin(unreadable)
    return frame.assign(
        row=range(len(frame)),
        group=frame["id"],
        kept=~broken,
        stage=np.where(broken, "ingest", ""),
        reason=np.where(broken, "unreadable", ""),
        measure=np.nan,
        partner="",
    )


def judge(rows: pd.DataFrame, pairs: dict[tuple[str, str], float], policy: str = "drop_all") -> pd.DataFrame:
    nodes = copies.distinct(copies.ranked(rows))
    place = {name: k for k, name in enumerate(nodes["id"])}
    ends = sorted((tuple(sorted((place[a], place[b]))), value) for (a, b), value in pairs.items())
    array = np.array([end for end, _ in ends], np.int64).reshape(-1, 2)
    measure = np.array([value for _, value in ends], np.float64)
    result = copies.judged(rows, nodes, Pairs(array[:, 0], array[:, 1], measure), policy)
    return result.set_index("source")


def test_of_identical_pictures_the_first_delivery_s_stays() -> None:
    rows = judge(table(("old", "z.png", "A", "ig"), ("new", "a.png", "A", "ig")), {})
    assert rows["kept"].to_dict() == {"z.png": True, "a.png": False}
    assert rows.loc["a.png", ["stage", "reason", "partner", "measure"]].tolist() == [
        "dedupe", "exact-copy", "old/z.png", 0.0,
    ]  # fmt: skip


def test_of_near_copies_the_first_stays_and_the_other_names_its_rmse() -> None:
    rows = judge(table(("d", "b.png", "B", "ig"), ("d", "a.png", "A", "ig")), {("A", "B"): 7.5})
    assert rows.loc["a.png", "kept"]
    assert rows.loc["b.png", ["reason", "partner", "measure"]].tolist() == ["near-copy", "d/a.png", 7.5]
    assert set(rows["group"]) == {"A"}


def test_a_chain_keeps_its_ends_and_is_one_split_group() -> None:
    rows = table(("d", "a", "A", "ig"), ("d", "b", "B", "ig"), ("d", "c", "C", "ig"))
    rows = judge(rows, {("A", "B"): 1.0, ("B", "C"): 1.0})
    assert rows["kept"].to_dict() == {"a": True, "b": False, "c": True}
    assert set(rows["group"]) == {"A"}


@pytest.mark.parametrize(
    ("policy", "kept", "reasons"),
    [
        ("drop_all", [False, False, False], ["label-conflict"] * 3),
        ("keep_first", [True, False, False], ["", "exact-copy", "exact-copy"]),
    ],
)
def test_copies_under_different_labels(policy: str, kept: list, reasons: list) -> None:
    rows = table(("d", "a", "A", "eosinophil"), ("d", "b", "A", "neutrophil"), ("d", "c", "A", "eosinophil"))
    rows = judge(rows, {}, policy)
    assert rows["kept"].tolist() == kept
    assert rows["reason"].tolist() == reasons


def test_each_row_of_a_conflict_names_one_that_contradicts_it() -> None:
    rows = table(("d", "a", "A", "eosinophil"), ("d", "b", "A", "neutrophil"), ("d", "c", "A", "eosinophil"))
    assert judge(rows, {})["partner"].tolist() == ["d/b", "d/a", "d/b"]


def test_a_near_copy_under_another_label_is_a_conflict_too() -> None:
    rows = judge(table(("d", "a", "A", "ig"), ("d", "b", "B", "platelet")), {("A", "B"): 3.0})
    assert rows["reason"].tolist() == ["label-conflict"] * 2


def test_unreadable_rows_stay_as_they_are_even_where_their_bytes_are_equal() -> None:
    rows = table(("d", "a", "X", "ig"), ("d", "b", "X", "ig"), ("d", "c", "C", "ig"), unreadable=("a", "b"))
    rows = judge(rows, {})
    assert rows["reason"].tolist() == ["unreadable", "unreadable", ""]
    assert rows["group"].tolist() == ["X", "X", "C"]


def test_the_order_of_the_files_does_not_matter() -> None:
    rows = table(("d", "a", "A", "ig"), ("d", "b", "B", "ig"), ("d", "c", "C", "ig"), ("d", "x", "A", "ig"))
    pairs = {("A", "B"): 1.0, ("B", "C"): 2.0}
    expected = judge(rows, pairs)
    shuffled = judge(rows.sample(frac=1, random_state=1).reset_index(drop=True), pairs)
    pd.testing.assert_frame_equal(shuffled.loc[expected.index], expected)


def test_hashes_are_packed_from_their_text() -> None:
    assert copies.packed(pd.DataFrame({"phash": ["00ff", "8001"]})).tolist() == [[0, 255], [128, 1]]
