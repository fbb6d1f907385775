from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks import store
from tasks.ingest import stage
from tasks.ingest.settings import Ingest
from tasks.params import Classes

SETTINGS = Ingest(crop=0, image_size=32, hash_size=8)
CLASSES = Classes.model_validate({"ig": ["immature granulocyte"], "platelet": []})


def save(file: Path, value: int, side: int = 32) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (side, side), (value, value, value)).save(file)


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    folder = tmp_path / "batch1"
    save(folder / "immature_granulocyte" / "b.png", 20)
    save(folder / "platelet" / "a.png", 10, side=64)
    (folder / "platelet" / ".DS_1.jpg").write_bytes(b"junk")
    save(folder / "stray.png", 30)
    return folder


def test_every_file_has_a_row(delivery: Path, tmp_path: Path) -> None:
    stage.main(CLASSES, SETTINGS, delivery, tmp_path / "out")
    rows = store.read_rows(tmp_path / "out").set_index("source")
    assert list(rows.index) == ["immature_granulocyte/b.png", "platelet/.DS_1.jpg", "platelet/a.png", "stray.png"]
    assert list(rows["drop_reason"]) == ["", "unreadable", "", "no-class"]
    assert list(rows["label"]) == ["ig", "platelet", "platelet", ""]
    assert list(rows["kept"]) == [True, False, True, False]
    assert "cannot identify" in rows.loc["platelet/.DS_1.jpg", "detail"]
    assert set(rows["delivery"]) == {"batch1"}


def test_every_row_has_its_measures_and_its_hashes(delivery: Path, tmp_path: Path) -> None:
    stage.main(CLASSES, SETTINGS, delivery, tmp_path / "out")
    rows = store.read_rows(tmp_path / "out")
    assert rows["background"].tolist() == ["#141414", "", "#0a0a0a", "#1e1e1e"]
    assert rows["acquisition_batch"].tolist() == ["grey", "", "grey", "grey"]
    assert rows["contrast"].tolist() == [0, 0, 0, 0]
    assert rows["saturation"].tolist() == [0, 0, 0, 0]
    assert rows["clipped"].tolist() == [0, 1, 0, 0]
    assert np.load(tmp_path / "out" / store.HASHES).shape == (4, 3, 8, 8)
    views = np.load(tmp_path / "out" / store.VIEWS)
    assert views.shape == (4, 3, 32, 32)
    assert views[:, :, 16, 16].tolist() == [[20] * 3, [0] * 3, [10] * 3, [30] * 3]


def test_row_i_describes_image_i(delivery: Path, tmp_path: Path) -> None:
    stage.main(CLASSES, SETTINGS, delivery, tmp_path / "out")
    pixels = np.load(tmp_path / "out" / store.PIXELS)
    assert pixels.shape == (4, 32, 32, 3)
    assert pixels[:, 16, 16, 0].tolist() == [20, 0, 10, 30]


def test_rows_of_an_npz(tmp_path: Path) -> None:
    folder = tmp_path / "homework"
    folder.mkdir()
    images = np.stack([np.full((32, 32, 3), value, np.uint8) for value in range(300)[:256]])
    np.savez(folder / "training.npz", images=images, labels=np.arange(256)[:, None] % 2)
    stage.main(CLASSES, SETTINGS, folder, tmp_path / "out")
    rows = store.read_rows(tmp_path / "out")
    assert list(rows["source"][:2]) == ["training.npz#0", "training.npz#1"]
    assert list(rows["label"][:2]) == ["ig", "platelet"]
    assert (np.load(tmp_path / "out" / store.PIXELS) == images).all()


def test_many_processes_give_the_bytes_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    for index in range(300):
        file = tmp_path / "raw" / "ig" / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(file)
    for name, pool_from in (("one", 10**6), ("many", 1)):
        monkeypatch.setattr(stage, "POOL_FROM", pool_from)
        stage.main(CLASSES, SETTINGS, tmp_path / "raw", tmp_path / name)
    for file in (store.PIXELS, store.VIEWS, store.HASHES, store.TABLE):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "many" / file).read_bytes()


def test_an_empty_delivery_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty holds no file"):
        stage.main(CLASSES, SETTINGS, tmp_path / "empty", tmp_path / "out")
