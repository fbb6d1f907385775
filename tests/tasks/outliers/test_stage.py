from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks import reasons, store
from tasks.outliers import stage
from tasks.outliers.settings import Outliers

SETTINGS = Outliers(
    min_contrast=4.0, min_smoothness=0.5, max_flat=0.25, components=20, whitening=0.3, neighbours=30, false_alarm=0.05
)


def run(folder: Path, table, order: np.ndarray) -> pd.DataFrame:
    """300 images and, at id 7, an outlier; id 8 is a dropped copy of it."""
    features = np.abs(2 + 0.5 * np.random.default_rng(0).normal(size=(300, 40))).astype(np.float32)
    features[7] = features[8] = np.linspace(0, 9, 40)
    names = np.array([f"{k:03}" for k in range(300)])[order]
    rows = table(names, contrast=40.0, smoothness=0.9, flat=0.0, review_decision="")
    rows.loc[names == "009", "contrast"] = 0.0
    rows = reasons.drop(rows, rows["id"] == "010", reasons.UNREADABLE)
    (folder / "embedded" / "d").mkdir(parents=True)
    np.save(folder / "embedded" / "d" / store.FEATURES, features[order])
    store.write_rows(folder / "deduped", reasons.drop(rows, rows["id"] == "008", reasons.EXACT_COPY))
    stage.main(SETTINGS, folder / "deduped", folder / "embedded", folder / "out")
    return store.read_rows(folder / "out").set_index("id").sort_index()


def test_the_outlier_goes_with_its_score_and_the_blank_with_its_contrast(tmp_path: Path, table) -> None:
    rows = run(tmp_path, table, np.arange(300))
    reasons = {"007": "outlier", "008": "exact-copy", "009": "blank", "010": "unreadable"}
    assert rows[~rows["kept"]]["drop_reason"].to_dict() == reasons
    assert rows.loc["007", "drop_value"] == rows.loc["007", "outlier_score"] > 4
    assert rows.loc["009", "drop_value"] == 0


def test_every_readable_row_has_a_score(tmp_path: Path, table) -> None:
    rows = run(tmp_path, table, np.arange(300))
    assert rows[rows["outlier_score"].isna()].index.tolist() == ["010"]
    assert rows.loc["008", "outlier_score"] == pytest.approx(rows.loc["007", "outlier_score"])


def test_scores_do_not_depend_on_the_order_of_the_files(tmp_path: Path, table) -> None:
    one = run(tmp_path / "one", table, np.arange(300))
    two = run(tmp_path / "two", table, np.random.default_rng(1).permutation(300))
    assert one["outlier_score"].dropna().to_numpy() == pytest.approx(two["outlier_score"].dropna().to_numpy(), abs=1e-4)


def test_an_image_is_of_the_bulk_where_any_of_its_copies_is_kept(table) -> None:
    rows = reasons.drop(table(list("abc"), id=["A", "A", "B"]), pd.Series([True, False, True]), reasons.EXACT_COPY)
    assert stage._distinct(rows)[["source", "kept"]].to_numpy().tolist() == [["b", True], ["c", False]]
