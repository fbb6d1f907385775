from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks import store
from tasks.train import parts
from tasks.train.parts import Part

NAMES = ["a", "b", "c"]
LABELS = np.array([0] * 6 + [1] * 3 + [2] * 2)


def part(labels: np.ndarray = LABELS) -> Part:
    places = np.stack([np.zeros(len(labels), np.int64), np.arange(len(labels))], axis=1)
    return Part(places, labels, [f"{k:02}" for k in range(len(labels))])


@pytest.fixture
def project(tmp_path: Path, table) -> Path:
    (tmp_path / "ingested" / "d").mkdir(parents=True)
    np.save(tmp_path / "ingested" / "d" / store.PIXELS, np.arange(6 * 12, dtype=np.uint8).reshape(6, 2, 2, 3))
    rows = table(list("uvwxyz"), label=list("abcabc"), split=["train", "val", "test"] * 2)
    dropped = rows["source"] == "x"
    rows = rows.assign(kept=~dropped, stage=np.where(dropped, "dedupe", ""), reason=np.where(dropped, "exact-copy", ""))
    store.write_rows(tmp_path / "clean", rows)
    return tmp_path


def test_only_the_kept_rows_of_the_splits_that_are_asked_for_come(project: Path) -> None:
    arrays, (train, val) = parts.read(project / "clean", project / "ingested", NAMES, ["train", "val"])
    assert (list(train.ids), train.labels.tolist(), len(train)) == (["u"], [0], 1)
    assert (list(val.ids), val.labels.tolist()) == (["v", "y"], [1, 1])
    assert arrays.take(val.places)[:, 0, 0, 0].tolist() == [12, 48]


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_pictures_is_named(project: Path, split: str) -> None:
    rows = store.read_rows(project / "clean")
    store.write_rows(project / "clean", rows.assign(split=rows["split"].replace(split, "test")))
    with pytest.raises(ValueError, match=f"no picture is left in {split}, expected at least one"):
        parts.read(project / "clean", project / "ingested", NAMES, ["train", "val"])


def test_weights_make_classes_count_the_same() -> None:
    weights = parts.class_weights(LABELS, NAMES, "class_weights")
    assert weights.dtype == np.float32
    assert weights * np.bincount(LABELS) == pytest.approx(len(LABELS) / 3)


@pytest.mark.parametrize("imbalance", ["none", "under_sampling"])
def test_without_weights_each_picture_counts_the_same(imbalance: str) -> None:
    assert parts.class_weights(LABELS, NAMES, imbalance).tolist() == [1, 1, 1]


@pytest.mark.parametrize("imbalance", ["none", "class_weights", "under_sampling"])
def test_a_class_without_pictures_is_named(imbalance: str) -> None:
    with pytest.raises(ValueError, match="class b: no picture of it in train, expected at least one of each of 3"):
        parts.class_weights(np.array([0, 0, 2]), NAMES, imbalance)


def test_under_sampling_leaves_as_many_of_each_class_as_the_rarest_has() -> None:
    drawn = parts.under_sampled(part(), NAMES, 0)
    assert np.bincount(drawn.labels).tolist() == [2, 2, 2]
    assert len(set(drawn.ids)) == 6
    assert (np.diff(drawn.places[:, 1]) > 0).all()
    assert [f"{row:02}" for row in drawn.places[:, 1]] == list(drawn.ids)


def test_under_sampling_follows_from_the_seed() -> None:
    one, same, other = (list(parts.under_sampled(part(), NAMES, seed).ids) for seed in (1, 1, 4))
    assert one == same
    assert one != other


@pytest.mark.parametrize(("share", "counts"), [(1.0, [6, 3, 2]), (0.5, [3, 2, 1]), (0.01, [1, 1, 1])])
def test_a_share_is_one_of_each_class(share: float, counts: list[int]) -> None:
    assert np.bincount(parts.share(part(), share, 0).labels).tolist() == counts


def test_columns_that_are_read_are_columns_of_the_table(project: Path) -> None:
    assert set(parts.WANTED) <= set(pd.read_parquet(project / "clean" / store.TABLE))
