import numpy as np
import pandas as pd
import pytest

from tasks.dedupe import copies, overrules
from tasks.dedupe import pairs as pair_tables

COLUMNS = ["delivery", "source", "id", "label"]


def table(*rows: tuple[str, str, str, str], unreadable: tuple[str, ...] = ()) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    broken = frame["source"].isin(unreadable)
    return frame.assign(
        row=range(len(frame)),
        split_group=frame["id"],
        kept=~broken,
        dropped_by=np.where(broken, "ingest", ""),
        drop_reason=np.where(broken, "unreadable", ""),
        drop_value=np.nan,
        duplicate_of="",
        review_decision="",
        height=96,
        width=96,
        file_bytes=1000,
        saturation=30.0,
        clipped=0.0,
        acquisition_batch="yellow",
    )


def judge(rows: pd.DataFrame, pairs: dict[tuple[str, str], float], policy: str = "drop_all") -> pd.DataFrame:
    nodes = copies.distinct(copies.ranked(rows))
    place = {name: k for k, name in enumerate(nodes["id"])}
    ends = sorted((*sorted((place[a], place[b])), value) for (a, b), value in pairs.items())
    first, second, value = np.array(ends).reshape(-1, 3).T
    found = pair_tables.table(first=first, second=second, rmse=value, kind="near")
    return copies.judged(rows, nodes, found, policy).set_index("source")


def test_of_identical_images_the_first_delivery_s_stays() -> None:
    rows = judge(table(("old", "z.png", "A", "ig"), ("new", "a.png", "A", "ig")), {})
    assert rows["kept"].to_dict() == {"z.png": True, "a.png": False}
    assert rows.loc["a.png", ["dropped_by", "drop_reason", "duplicate_of", "drop_value"]].tolist() == [
        "dedupe", "exact-copy", "old/z.png", 0.0,
    ]  # fmt: skip


def test_of_near_copies_the_first_stays_and_the_other_names_its_rmse() -> None:
    rows = judge(table(("d", "b.png", "B", "ig"), ("d", "a.png", "A", "ig")), {("A", "B"): 7.5})
    assert rows.loc["a.png", "kept"]
    assert rows.loc["b.png", ["drop_reason", "duplicate_of", "drop_value"]].tolist() == ["near-copy", "d/a.png", 7.5]
    assert set(rows["split_group"]) == {"A"}


def test_a_chain_keeps_its_ends_and_is_one_split_group() -> None:
    rows = table(("d", "a", "A", "ig"), ("d", "b", "B", "ig"), ("d", "c", "C", "ig"))
    rows = judge(rows, {("A", "B"): 1.0, ("B", "C"): 1.0})
    assert rows["kept"].to_dict() == {"a": True, "b": False, "c": True}
    assert set(rows["split_group"]) == {"A"}


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
    assert rows["drop_reason"].tolist() == reasons


def test_each_row_of_a_conflict_names_one_that_contradicts_it() -> None:
    rows = table(("d", "a", "A", "eosinophil"), ("d", "b", "A", "neutrophil"), ("d", "c", "A", "eosinophil"))
    assert judge(rows, {})["duplicate_of"].tolist() == ["d/b", "d/a", "d/b"]


def test_a_near_copy_under_another_label_is_a_conflict_too() -> None:
    rows = judge(table(("d", "a", "A", "ig"), ("d", "b", "B", "platelet")), {("A", "B"): 3.0})
    assert rows["drop_reason"].tolist() == ["label-conflict"] * 2


def test_unreadable_rows_stay_as_they_are_even_where_their_bytes_are_equal() -> None:
    rows = table(("d", "a", "X", "ig"), ("d", "b", "X", "ig"), ("d", "c", "C", "ig"), unreadable=("a", "b"))
    rows = judge(rows, {})
    assert rows["drop_reason"].tolist() == ["unreadable", "unreadable", ""]
    assert rows["split_group"].tolist() == ["X", "X", "C"]


def test_the_order_of_the_files_does_not_matter() -> None:
    rows = table(("d", "a", "A", "ig"), ("d", "b", "B", "ig"), ("d", "c", "C", "ig"), ("d", "x", "A", "ig"))
    pairs = {("A", "B"): 1.0, ("B", "C"): 2.0}
    expected = judge(rows, pairs)
    shuffled = judge(rows.sample(frac=1, random_state=1).reset_index(drop=True), pairs)
    pd.testing.assert_frame_equal(shuffled.loc[expected.index], expected)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"height": 100, "file_bytes": 10}, {"height": 96, "file_bytes": 900}),
        ({"file_bytes": 900}, {"file_bytes": 10}),
        ({"id": "A"}, {"id": "B"}),
        ({"file_bytes": 10}, {"saturation": 0.0, "file_bytes": 900}),
        ({"file_bytes": 10}, {"acquisition_batch": "blue", "file_bytes": 900}),
        ({"height": 96}, {"height": 384, "width": 384}),
        ({"file_bytes": 10}, {"clipped": 0.005, "file_bytes": 900}),
    ],
    ids=[
        "more-pixels",
        "less-compressed",
        "id",
        "in-colour",
        "in-the-usual-colours",
        "in-the-usual-size",
        "without-annotation",
    ],
)
def test_who_stays_within_a_delivery(better: dict, worse: dict) -> None:
    for first, second in ((better, worse), (worse, better)):
        others = [("d", f"other{k}", f"O{k}", "ig") for k in range(3)]
        rows = table(("d", "x", "X", "ig"), ("d", "y", "Y", "ig"), *others)
        for index, facts in enumerate((first, second)):
            rows.loc[index, list(facts)] = list(facts.values())
        ids = rows["id"].tolist()
        kept = judge(rows, {(ids[0], ids[1]): 1.0})["kept"].tolist()[:2]
        assert kept == [first is better, second is better]


def test_an_earlier_delivery_stays_however_compressed() -> None:
    rows = table(("old", "x", "X", "ig"), ("new", "y", "A", "ig")).assign(file_bytes=[10, 5000])
    assert judge(rows, {("X", "A"): 1.0})["kept"].tolist() == [True, False]


def test_the_kind_of_the_pair_is_the_reason() -> None:
    rows = table(("d", "a", "A", "ig"), ("d", "b", "B", "ig"))
    nodes = copies.distinct(copies.ranked(rows))
    found = pair_tables.table(first=[0], second=[1], rmse=[2.5], kind="recropped")
    result = copies.judged(rows, nodes, found, "drop_all")
    assert result.loc[1, ["drop_reason", "duplicate_of", "drop_value"]].tolist() == ["recropped-copy", "d/a", 2.5]


def kept(*said: str) -> pd.DataFrame:
    """A, its copy B, and a second file of A, with a person's verdicts on files."""
    rows = table(("d", "a", "A", "ig"), ("d", "b", "B", "ig"), ("d", "c", "A", "ig"))
    lines = [overrules.Overrule(2, "d", source, "", "keep", "me", "so") for source in said]
    return judge(overrules.applied(rows, lines, ["d"]), {("A", "B"): 3.0})


def test_a_person_chooses_which_copy_stays() -> None:
    rows = kept("b")
    assert rows["drop_reason"].to_dict() == {"a": "near-copy", "b": "", "c": "near-copy"}
    assert rows.loc["a", "duplicate_of"] == "d/b"
    assert rows.loc["a", "drop_value"] == 3.0


def test_a_person_chooses_one_of_two_identical_files() -> None:
    rows = kept("c")
    assert rows["drop_reason"].to_dict() == {"a": "exact-copy", "b": "near-copy", "c": ""}


def test_all_that_a_person_keeps_stays() -> None:
    assert kept("a", "b")["kept"].to_dict() == {"a": True, "b": True, "c": False}


def test_in_a_conflict_what_a_person_keeps_stays_and_the_others_go() -> None:
    rows = table(("d", "a", "A", "ig"), ("d", "b", "A", "platelet")).assign(review_decision=["", "keep"])
    rows = judge(rows, {})
    assert rows["drop_reason"].to_dict() == {"a": "label-conflict", "b": ""}


def test_what_a_person_dropped_makes_no_conflict() -> None:
    rows = table(("d", "a", "A", "ig"), ("d", "b", "A", "platelet"))
    said = [overrules.Overrule(2, "d", "a", "", "drop", "me", "wrong label")]
    rows = judge(overrules.applied(rows, said, ["d"]), {})
    assert rows["drop_reason"].to_dict() == {"a": "review-drop", "b": ""}


def test_what_a_person_dropped_keeps_no_copies_apart_but_ties_them_to_one_split() -> None:
    rows = table(("d", "a", "A", "ig"), ("d", "b", "B", "ig"), ("d", "c", "C", "ig"))
    nodes = copies.distinct(copies.ranked(rows))
    said = [overrules.Overrule(2, "d", "a", "", "drop", "me", "blurred")]
    found = pair_tables.table(first=[0, 1], second=[1, 2], rmse=[1.0, 1.0], kind="near")
    result = copies.judged(overrules.applied(rows, said, ["d"]), nodes, found, "drop_all")
    assert result["drop_reason"].tolist() == ["review-drop", "", "near-copy"]
    assert set(result["split_group"]) == {"A"}


def test_an_image_with_a_class_stays_rather_than_an_earlier_one_without() -> None:
    rows = judge(table(("old", "a", "A", ""), ("new", "b", "A", "ig"), ("new", "c", "C", "")), {("A", "C"): 1.0})
    assert rows["kept"].to_dict() == {"a": False, "b": True, "c": False}
    assert rows["drop_reason"].tolist() == ["exact-copy", "", "near-copy"]


def test_no_class_contradicts_none() -> None:
    rows = judge(table(("d", "a", "A", ""), ("d", "b", "A", "ig"), ("d", "c", "A", "ne")), {})
    assert rows["drop_reason"].to_dict() == {"a": "", "b": "label-conflict", "c": "label-conflict"}
