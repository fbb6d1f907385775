from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import reasons, store
from tasks.params import Classes
from tasks.split import stage
from tasks.split.assign import BRIDGE, Assignment, assign
from tasks.split.settings import Shares, Split

CLASSES = Classes.model_validate({"ig": [], "platelet": []})
SPLIT = Split(seed=0, shares=Shares(train=0.7, val=0.15, test=0.15))
Pairs = list[tuple[str, str]]

names = st.sampled_from([f"{k:02}" for k in range(20)])
pairs_of_names = st.lists(st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]), max_size=15)
labels = st.sampled_from(["ig", "platelet"])
verdicts = st.sampled_from(["", "", "outlier", "keep", "drop"])


@st.composite
def tables(draw) -> pd.DataFrame:
    """Files of three deliveries, some of them identical; each id is kept under one key at most, or by a person."""
    files = draw(st.lists(st.tuples(st.sampled_from("abc"), names, labels, verdicts), min_size=1, max_size=40))
    rows = pd.DataFrame(sorted(files, key=lambda file: file[0]), columns=["delivery", "id", "label", "review_decision"])
    rows = rows.assign(
        source=[f"{k:02}" for k in range(len(rows))],
        row=range(len(rows)),
        split_group=rows["id"],
        duplicate_of="",
        drop_value=0.0,
    )
    dropped = rows["review_decision"].isin(["outlier", "drop"]) | rows.duplicated("id") & (
        rows["review_decision"] != "keep"
    )
    reason = dropped.map({True: "outlier", False: ""})
    return rows.assign(
        review_decision=rows["review_decision"].replace("outlier", ""),
        kept=~dropped,
        dropped_by=reason,
        drop_reason=reason,
    )


def divided(rows: pd.DataFrame, pairs: Pairs) -> pd.DataFrame | None:
    """The rows by key, None where a person's keep would leak or nothing is kept. Classes may be small here."""
    try:
        return stage.divided(rows, pairs, SPLIT)[0].set_index(store.KEY)
    except ValueError as error:
        if "drop one of the three" in str(error) or "nothing to divide" in str(error):
            return None
        raise


def free(result: pd.DataFrame) -> pd.Series:
    """The splits but those of bridges that a person keeps, which go where no leak follows."""
    return result.loc[result["review_decision"] != "keep", "split"]


@settings(max_examples=60)
@given(tables(), pairs_of_names)
def test_no_kept_pair_in_two_splits_and_no_row_lost(rows: pd.DataFrame, pairs: Pairs) -> None:
    result = divided(rows, pairs)
    if result is not None:
        assert len(result) == len(rows)
        kept = result[result["kept"]]
        assert not (kept["split"] == BRIDGE).any()
        assert (kept.groupby("id")["split"].nunique() == 1).all()
        split = dict(zip(kept["id"], kept["split"], strict=True))
        assert [pair for pair in pairs if {*pair} <= split.keys() and split[pair[0]] != split[pair[1]]] == []
        assert set(result.loc[result["review_decision"] == "keep", "drop_reason"]) <= {""}


@settings(max_examples=60)
@given(tables(), pairs_of_names)
def test_adding_deliveries_moves_no_earlier_row(rows: pd.DataFrame, pairs: Pairs) -> None:
    after = divided(rows, pairs)
    for last in "ab":
        earlier = rows[rows["delivery"] <= last]
        before = divided(earlier, pairs) if after is not None else None
        if after is not None and before is not None:
            pd.testing.assert_series_equal(after.loc[before.index, "split"], before["split"])


@settings(max_examples=60)
@given(tables(), pairs_of_names, st.randoms(use_true_random=False))
def test_the_order_of_files_is_irrelevant(rows: pd.DataFrame, pairs: Pairs, random) -> None:
    order = random.sample(range(len(rows)), len(rows))
    shuffled = rows.iloc[sorted(order, key=lambda k: rows.iloc[k]["delivery"])]
    once, again = divided(rows, pairs), divided(shuffled, [(b, a) for a, b in pairs[::-1]])
    assert (once is None) == (again is None)
    if once is not None and again is not None:
        pd.testing.assert_frame_equal(again.loc[once.index], once)


@settings(max_examples=60)
@given(tables(), pairs_of_names, st.integers(0, 39), verdicts)
def test_a_verdict_moves_no_other_row(rows: pd.DataFrame, pairs: Pairs, place: int, verdict: str) -> None:
    own = rows["row"] == place % len(rows)
    stays = verdict in ("", "keep")
    reason = "" if stays else "review-drop"
    changed = rows.assign(
        review_decision=rows["review_decision"].mask(own, verdict.replace("outlier", "")),
        kept=rows["kept"].mask(own, stays),
    ).assign(dropped_by=rows["dropped_by"].mask(own, reason), drop_reason=rows["drop_reason"].mask(own, reason))
    before, after = divided(rows, pairs), divided(changed, pairs)
    if before is not None and after is not None:
        others = free(before[~own.to_numpy()])
        pd.testing.assert_series_equal(after.loc[others.index, "split"], others)


def write(folder: Path, rows: pd.DataFrame, pairs: Pairs = ()) -> None:
    store.write_rows(folder / "inliers", rows)
    (folder / "deduped").mkdir(exist_ok=True)
    pd.DataFrame(pairs, columns=["first", "second"], dtype="str").to_parquet(folder / "deduped" / "pairs.parquet")


@pytest.fixture
def many(table):
    """Builds a table of n images, every other one a platelet."""
    return lambda n, delivery="d": table(
        [f"{delivery}{k:03}" for k in range(n)], delivery, label=(["ig", "platelet"] * n)[:n], review_decision=""
    )


def run(folder: Path) -> pd.DataFrame:
    stage.main(CLASSES, SPLIT, folder / "inliers", folder / "deduped", folder / "clean")
    return store.read_rows(folder / "clean").set_index("id")


def test_unreadable_rows_have_no_split(tmp_path: Path, many) -> None:
    rows = many(20)
    write(tmp_path, reasons.drop(rows, rows["row"] == 3, reasons.UNREADABLE))
    assert run(tmp_path).loc["d003", ["kept", "split", "drop_reason"]].tolist() == [False, "", "unreadable"]


@pytest.fixture
def bridged(many, tmp_path):
    """Writes 40 images and a newcomer, e000, that is a copy of one in test and one in train; gives those two."""

    def build(verdict: str = "", dropped: str = "") -> tuple[str, str]:
        rows = many(40)
        write(tmp_path, rows)
        splits = run(tmp_path)["split"]
        test, train = splits[splits == "test"].index[0], splits[splits == "train"].index[0]
        rows = pd.concat([rows, many(1, "e").assign(review_decision=verdict)], ignore_index=True)
        gone = rows["id"] == {"test": test, "train": train, "": ""}[dropped]
        write(tmp_path, reasons.drop(rows, gone, reasons.REVIEW_DROP), [(test, "e000"), (train, "e000")])
        return test, train

    return build


def test_a_bridge_is_dropped_with_that_reason(tmp_path: Path, bridged) -> None:
    bridged()
    assert run(tmp_path).loc["e000", ["kept", "dropped_by", "drop_reason", "split"]].tolist() == [
        False, "split", "bridges-splits", "",
    ]  # fmt: skip


@pytest.mark.parametrize(("dropped", "split"), [("test", "train"), ("train", "test")])
def test_a_bridge_that_a_person_keeps_joins_the_split_that_is_left(
    tmp_path: Path, bridged, dropped: str, split: str
) -> None:
    bridged("keep", dropped)
    assert run(tmp_path).loc["e000", ["kept", "drop_reason", "split"]].tolist() == [True, "", split]


def test_a_bridge_that_a_person_keeps_between_two_kept_ones_stops_the_pipeline(tmp_path: Path, bridged) -> None:
    test, train = bridged("keep")
    with pytest.raises(ValueError, match=f"e000, which a person keeps, is tied to .*({test} in test|{train} in train)"):
        run(tmp_path)


def test_a_leak_stops_the_pipeline_and_nothing_is_written(tmp_path: Path, many, monkeypatch) -> None:
    def blind(images: pd.DataFrame, ties: object, *settings) -> Assignment:
        return assign(images, {}, *settings)

    rows = many(40)
    write(tmp_path, rows)
    splits = run(tmp_path)["split"]
    torn = (splits[splits == "test"].index[0], splits[splits == "train"].index[0])
    write(tmp_path, rows, [torn])
    assert run(tmp_path).loc[list(torn), "split"].nunique() == 1
    (tmp_path / "clean" / store.TABLE).unlink()
    monkeypatch.setattr(stage, "assign", blind)
    with pytest.raises(ValueError, match=f"leak: {torn[0]} in test and {torn[1]} in train are copies"):
        run(tmp_path)
    assert not (tmp_path / "clean" / store.TABLE).exists()


def test_a_class_with_too_few_images_goes_to_train_and_one_without_any_is_named(tmp_path: Path, many, capsys) -> None:
    rows = pd.concat([many(4), many(30, "e").assign(label="platelet")], ignore_index=True)
    write(tmp_path, rows)
    classes = Classes.model_validate({"ig": [], "monocyte": [], "platelet": []})
    stage.main(classes, SPLIT, tmp_path / "inliers", tmp_path / "deduped", tmp_path / "clean")
    splits = store.read_rows(tmp_path / "clean")
    assert set(splits.loc[splits["label"] == "ig", "split"]) == {"train"}
    assert set(splits.loc[splits["label"] == "platelet", "split"]) == {"train", "val", "test"}
    assert capsys.readouterr().out == (
        "split: class monocyte: no image, so a model will not know it; add some, or remove the line under `classes` in "
        "params.yaml\n"
        "split: class ig: 2 images, fewer than the 3 splits: all go to train, so it stays untested; add more, or "
        "remove its line under `classes` in params.yaml\n"
    )


def test_a_delivery_of_one_image_is_enough_where_all_deliveries_together_are(tmp_path: Path, many) -> None:
    write(tmp_path, pd.concat([many(4, "d"), many(1, "e"), many(2, "f")], ignore_index=True))
    assert set(run(tmp_path)["split"]) <= set(SPLIT.shares.model_dump())
    assert run(tmp_path)["kept"].all()


def test_nothing_kept_is_told_with_the_reasons(tmp_path: Path, many) -> None:
    rows = many(5)
    rows = reasons.drop(rows, rows["row"] < 3, reasons.UNREADABLE)
    write(tmp_path, reasons.drop(rows, rows["row"] >= 3, reasons.BLANK))
    with pytest.raises(ValueError, match=r"of 5 images that came, all were dropped \(unreadable 3, blank 2\)"):
        run(tmp_path)
