from pathlib import Path

import numpy as np
import pandas as pd

from tasks import reasons, store
from tasks.backbones.build import build
from tasks.embed import stage
from tasks.embed.settings import Embed
from tasks.lite0_layout import WEIGHTS


def embedded(folder: Path, images: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
    store.write_rows(folder / "in", rows)
    np.save(folder / "in" / store.PIXELS, images)
    stage.main(Embed(batch=2), folder / "in", Path("data/pretrained") / WEIGHTS, folder / "out")
    return np.load(folder / "out" / store.FEATURES)


def test_features_are_the_network_s_row_by_row(tmp_path: Path, table) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    found = embedded(tmp_path, images, table(list("abcde")))
    network = build("efficientnet_lite0", 32, "imagenet", Path("data/pretrained"))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, network(images.astype(np.float32), training=False), rtol=1e-4, atol=1e-4)


def test_identical_images_go_through_the_network_once(tmp_path: Path, table, monkeypatch) -> None:
    taken = []
    monkeypatch.setattr(stage, "tqdm", lambda batches, **_: taken.extend(batches) or batches)
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    images[4] = images[1]
    rows = table(list("abcdef"), id=["A", "B", "U", "D", "B", "U"])
    rows = reasons.drop(rows, rows["id"] == "U", reasons.UNREADABLE)
    found = embedded(tmp_path, images, rows)
    assert np.concatenate(taken).tolist() == [0, 1, 3]
    assert (found[4] == found[1]).all()
    assert (found[[2, 5]] == 0).all()
    assert len(np.unique(found[[0, 1, 3]], axis=0)) == 3


def test_a_delivery_of_which_nothing_can_be_read(tmp_path: Path, table) -> None:
    rows = table(["a"])
    rows = reasons.drop(rows, rows["kept"], reasons.UNREADABLE)
    assert (embedded(tmp_path, np.zeros((1, 32, 32, 3), np.uint8), rows) == 0).all()
