from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks import store
from tasks.ingest import stage
from tasks.ingest.settings import Ingest
from tasks.params import Classes
from tests.support import recording

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
    stage.main(CLASSES, SETTINGS, delivery, recording.nothing(tmp_path / "told.yaml"), tmp_path / "out")
    rows = store.read_rows(tmp_path / "out").set_index("source")
    assert list(rows.index) == ["immature_granulocyte/b.png", "platelet/.DS_1.jpg", "platelet/a.png", "stray.png"]
    assert list(rows["drop_reason"]) == ["", "unreadable", "", ""]
    assert list(rows["delivered_class"]) == ["immature_granulocyte", "platelet", "platelet", ""]
    assert list(rows["label"]) == ["ig", "platelet", "platelet", ""]
    assert list(rows["kept"]) == [True, False, True, True], "an image without a class goes on"
    assert "cannot identify" in rows.loc["platelet/.DS_1.jpg", "detail"]
    assert set(rows["delivery"]) == {"batch1"}


def test_every_row_has_its_measures_and_its_hashes(delivery: Path, tmp_path: Path) -> None:
    stage.main(CLASSES, SETTINGS, delivery, recording.nothing(tmp_path / "told.yaml"), tmp_path / "out")
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
    stage.main(CLASSES, SETTINGS, delivery, recording.nothing(tmp_path / "told.yaml"), tmp_path / "out")
    pixels = np.load(tmp_path / "out" / store.PIXELS)
    assert pixels.shape == (4, 32, 32, 3)
    assert pixels[:, 16, 16, 0].tolist() == [20, 0, 10, 30]


def test_rows_of_an_npz(tmp_path: Path) -> None:
    folder = tmp_path / "homework"
    folder.mkdir()
    images = np.stack([np.full((32, 32, 3), value, np.uint8) for value in range(300)[:256]])
    np.savez(folder / "training.npz", images=images, labels=np.arange(256)[:, None] % 2)
    told = recording.written(tmp_path / "told.yaml", folder, CLASSES, CLASSES.names)
    stage.main(CLASSES, SETTINGS, folder, told, tmp_path / "out")
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
    told = recording.nothing(tmp_path / "told.yaml")
    for name, pool_from in (("one", 10**6), ("many", 1)):
        monkeypatch.setattr(stage, "POOL_FROM", pool_from)
        stage.main(CLASSES, SETTINGS, tmp_path / "raw", told, tmp_path / name)
    for file in (store.PIXELS, store.VIEWS, store.HASHES, store.TABLE):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "many" / file).read_bytes()


def test_an_empty_delivery_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty holds no file"):
        stage.main(CLASSES, SETTINGS, tmp_path / "empty", recording.nothing(tmp_path / "e.yaml"), tmp_path / "out")


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    """An npz of label numbers, 0 = granulocyte, 1 = platelet; beside it `told.yaml`, its record."""
    folder = tmp_path / "numbered"
    folder.mkdir()
    images = np.stack([np.full((32, 32, 3), value, np.uint8) for value in range(4)])
    np.savez(folder / "a.npz", images=images, labels=np.array([0, 1, 1, 0]))
    recording.written(tmp_path / "told.yaml", folder, CLASSES, ["IG", "platelet"])
    return folder


@pytest.mark.parametrize(
    ("classes", "labels", "reasons"),
    [
        ({"ig": [], "platelet": []}, ["ig", "platelet", "platelet", "ig"], [""] * 4),
        ({"platelet": [], "ig": []}, ["ig", "platelet", "platelet", "ig"], [""] * 4),
        ({"basophil": [], "ig": [], "platelet": []}, ["ig", "platelet", "platelet", "ig"], [""] * 4),
        ({"granulocyte": ["ig"], "platelet": []}, ["granulocyte", "platelet", "platelet", "granulocyte"], [""] * 4),
        ({"platelet": []}, ["", "platelet", "platelet", ""], ["unlisted-class", "", "", "unlisted-class"]),
    ],
    ids=["as it was", "reordered", "one inserted", "renamed by alias", "one dropped"],
)
def test_a_later_list_of_classes_never_shifts_a_label(
    numbered: Path, tmp_path: Path, classes: dict[str, list[str]], labels: list[str], reasons: list[str]
) -> None:
    stage.main(Classes.model_validate(classes), SETTINGS, numbered, tmp_path / "told.yaml", tmp_path / "out")
    rows = store.read_rows(tmp_path / "out")
    assert rows["label"].tolist() == labels
    assert rows["drop_reason"].tolist() == reasons
    assert rows["delivered_class"].tolist() == ["IG", "platelet", "platelet", "IG"]


def test_label_numbers_without_names_are_no_labels(numbered: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="its labels are numbers, and nothing says"):
        stage.main(CLASSES, SETTINGS, numbered, recording.nothing(tmp_path / "n.yaml"), tmp_path / "out")


def test_other_counts_per_class_than_were_told_are_an_error(delivery: Path, tmp_path: Path) -> None:
    told = recording.written(tmp_path / "told.yaml", delivery, CLASSES)
    (delivery / "platelet/a.png").rename(delivery / "immature_granulocyte/a.png")
    message = r"told.yaml: .*'immature_granulocyte' 1 recorded, 2 found; 'platelet' 2 recorded, 1 found"
    with pytest.raises(ValueError, match=message):
        stage.main(CLASSES, SETTINGS, delivery, told, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def deep(folder: Path, bits: int = 12, dark: int = 1) -> np.ndarray:
    """Images of so many bits in 16, the first of them dark; the 8 bits that they were made of."""
    cells = np.random.default_rng(0).integers(60, 256, (6, 32, 32)).astype(np.uint16)
    cells[:dark] >>= 3
    for place, cell in enumerate(cells):
        file = folder / "ig" / f"{place}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(cell << (bits - 8)).save(file)
    return cells


def test_all_files_of_a_delivery_have_one_depth(tmp_path: Path) -> None:
    cells = deep(tmp_path / "deep")
    stage.main(CLASSES, SETTINGS, tmp_path / "deep", recording.nothing(tmp_path / "t.yaml"), tmp_path / "out")
    assert (np.load(tmp_path / "out" / store.PIXELS)[..., 0] == cells).all()
    assert set(store.read_rows(tmp_path / "out")["decoding"]) == {"depth 12"}
    assert store.read_reading(tmp_path / "out") == store.Reading("12-bit in 16-bit, scaled by 1/16")


def test_a_recorded_depth_overrules(tmp_path: Path) -> None:
    cells = deep(tmp_path / "deep")
    stage.main(CLASSES, SETTINGS, tmp_path / "deep", recording.nothing(tmp_path / "t.yaml", depth=13), tmp_path / "out")
    assert (np.load(tmp_path / "out" / store.PIXELS)[..., 0] == cells >> 1).all()


def test_a_depth_that_cannot_be_told_is_an_error(tmp_path: Path) -> None:
    deep(tmp_path / "deep", dark=6)
    deep(tmp_path / "deep2", bits=16, dark=0)
    for place in range(3):
        (tmp_path / f"deep/ig/{place}.png").rename(tmp_path / f"deep2/ig/{place}.png")
    with pytest.raises(ValueError, match="deep2: 3 reach .* and 3 reach .*, expected one depth"):
        stage.main(CLASSES, SETTINGS, tmp_path / "deep2", recording.nothing(tmp_path / "t.yaml"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_delivery_is_cropped_by_its_own_crop_or_scale(delivery: Path, tmp_path: Path) -> None:
    settings = Ingest(crop=40, image_size=32, hash_size=8, pixels_per_micrometre=10.0)
    for number, (stated, sides) in enumerate(
        [({}, [32, 0, 40, 32]), ({"crop": 20}, [20, 0, 20, 20]), ({"scale": 5.0}, [20, 0, 20, 20])]
    ):
        told = recording.nothing(tmp_path / "told.yaml", **stated)
        stage.main(CLASSES, settings, delivery, told, tmp_path / f"out{number}")
        assert store.read_rows(tmp_path / f"out{number}")["crop"].tolist() == sides
        assert store.read_reading(tmp_path / f"out{number}").own_crop == bool(stated)
