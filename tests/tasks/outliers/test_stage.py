from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skimage.data
from PIL import Image

from tasks import params, reasons, store
from tasks.ingest.images import Treatment, ingest_batch
from tasks.lite0_layout import WEIGHTS
from tasks.lite0_onnx import Embedder
from tasks.outliers import stage
from tasks.outliers.settings import Outliers

SETTINGS = Outliers(
    min_contrast=4.0, min_smoothness=0.5, max_flat=0.25, components=20, whitening=0.3, neighbours=30, false_alarm=0.05
)


def run(folder: Path, table, order: np.ndarray) -> pd.DataFrame:
    """320 images and, at id 7, an outlier; id 8 is a dropped copy of it."""
    features = np.abs(2 + 0.5 * np.random.default_rng(0).normal(size=(320, 40))).astype(np.float32)
    features[7] = features[8] = np.linspace(0, 9, 40)
    names = np.array([f"{k:03}" for k in range(320)])[order]
    rows = table(names, contrast=40.0, smoothness=0.9, flat=0.0, review_decision="")
    rows.loc[names == "009", "contrast"] = 0.0
    rows = reasons.drop(rows, rows["id"] == "010", reasons.UNREADABLE)
    (folder / "embedded" / "d").mkdir(parents=True)
    np.save(folder / "embedded" / "d" / store.FEATURES, features[order])
    store.write_rows(folder / "deduped", reasons.drop(rows, rows["id"] == "008", reasons.EXACT_COPY))
    stage.main(SETTINGS, folder / "deduped", folder / "embedded", folder / "out")
    return store.read_rows(folder / "out").set_index("id").sort_index()


def test_the_outlier_goes_with_its_score_and_the_blank_with_its_contrast(tmp_path: Path, table) -> None:
    rows = run(tmp_path, table, np.arange(320))
    reasons = {"007": "outlier", "008": "exact-copy", "009": "blank", "010": "unreadable"}
    assert rows[~rows["kept"]]["drop_reason"].to_dict() == reasons
    assert rows.loc["007", "drop_value"] == rows.loc["007", "outlier_score"] > 4
    assert rows.loc["009", "drop_value"] == 0


def test_every_readable_row_has_a_score(tmp_path: Path, table) -> None:
    rows = run(tmp_path, table, np.arange(320))
    assert rows[rows["outlier_score"].isna()].index.tolist() == ["010"]
    assert rows.loc["008", "outlier_score"] == pytest.approx(rows.loc["007", "outlier_score"])


def test_scores_do_not_depend_on_the_order_of_the_files(tmp_path: Path, table) -> None:
    one = run(tmp_path / "one", table, np.arange(320))
    two = run(tmp_path / "two", table, np.random.default_rng(1).permutation(320))
    assert one["outlier_score"].dropna().to_numpy() == pytest.approx(two["outlier_score"].dropna().to_numpy(), abs=1e-4)


def test_an_image_is_of_the_bulk_where_any_of_its_copies_is_kept(table) -> None:
    rows = reasons.drop(table(list("abc"), id=["A", "A", "B"]), pd.Series([True, False, True]), reasons.EXACT_COPY)
    assert stage._distinct(rows)[["source", "kept"]].to_numpy().tolist() == [["b", True], ["c", False]]


def test_a_small_set_of_real_cells_keeps_them_and_loses_photographs(tmp_path: Path, table, cells: Path) -> None:
    files = [file for name in ("ig", "platelet") for file in sorted((cells / name).glob("*.jpg"))[:25]]
    pixels = ingest_batch([file.read_bytes() for file in files], Treatment(96, 16, 200)).pixels
    photographs = [skimage.data.coffee(), skimage.data.chelsea(), skimage.data.astronaut()]
    foreign = [np.asarray(Image.fromarray(one[:280, :280]).resize((96, 96))) for one in photographs]
    (tmp_path / "embedded/d").mkdir(parents=True)
    features = Embedder(Path("data/pretrained") / WEIGHTS)(np.concatenate([pixels, foreign]))
    np.save(tmp_path / "embedded/d" / store.FEATURES, features)
    rows = table([f"{k:02}" for k in range(53)], contrast=40.0, smoothness=0.9, flat=0.0, review_decision="")
    store.write_rows(tmp_path / "deduped", rows)
    stage.main(params.load(Outliers), tmp_path / "deduped", tmp_path / "embedded", tmp_path / "out")
    made = store.read_rows(tmp_path / "out")
    assert made.loc[~made["kept"], "id"].tolist() == ["50", "51", "52"]
