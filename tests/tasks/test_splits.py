from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks import splits, store

NAMES = ["a", "b", "c"]


@pytest.fixture
def project(tmp_path: Path, table) -> Path:
    (tmp_path / "ingested" / "d").mkdir(parents=True)
    np.save(tmp_path / "ingested" / "d" / store.PIXELS, np.arange(6 * 12, dtype=np.uint8).reshape(6, 2, 2, 3))
    rows = table(list("uvwxyz"), label=list("abcabc"), split=["train", "val", "test"] * 2)
    dropped = rows["source"] == "x"
    rows = rows.assign(
        kept=~dropped, dropped_by=np.where(dropped, "dedupe", ""), drop_reason=np.where(dropped, "exact-copy", "")
    )
    store.write_rows(tmp_path / "clean", rows)
    return tmp_path


def test_only_the_kept_rows_of_the_splits_that_are_asked_for_come(project: Path) -> None:
    arrays, (train, val) = splits.read(project / "clean", project / "ingested", NAMES, ["train", "val"])
    assert (list(train.ids), train.labels.tolist(), len(train)) == (["u"], [0], 1)
    assert (list(val.ids), val.labels.tolist()) == (["v", "y"], [1, 1])
    assert arrays.take(val.places)[:, 0, 0, 0].tolist() == [12, 48]


def test_classes_that_train_has_no_image_of_are_left_out(project: Path) -> None:
    rows = store.read_rows(project / "clean")
    with pytest.raises(ValueError, match="train has images of a alone, expected two classes at least"):
        splits.learnable(project / "clean", NAMES)
    store.write_rows(project / "clean", rows.assign(split=["train", "train", "test", "val", "val", "val"]))
    assert splits.learnable(project / "clean", NAMES) == ["a", "b"]
    _, (val,) = splits.read(project / "clean", project / "ingested", ["a", "b"], ["val"])
    assert list(val.ids) == ["y"], "a c is nothing that the model could say"


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_images_is_named(project: Path, split: str) -> None:
    rows = store.read_rows(project / "clean")
    store.write_rows(project / "clean", rows.assign(split=rows["split"].replace(split, "test")))
    with pytest.raises(ValueError, match=f"no image is left in {split}, expected at least one"):
        splits.read(project / "clean", project / "ingested", NAMES, ["train", "val"])


def test_columns_that_are_read_are_columns_of_the_table(project: Path) -> None:
    assert set(splits.WANTED) <= set(pd.read_parquet(project / "clean" / store.TABLE))
