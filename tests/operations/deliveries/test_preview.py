"""`preview` of operations/deliveries/preview.py. The project is a folder with one delivery of 12 images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from operations.deliveries import preview as module
from operations.deliveries.preview import preview
from tasks import reasons, store

LABELS = ["platelet", "ig", "basophil"] * 4
SHEETS = "tasks.augment.gallery.sheet"


@pytest.fixture
def root(tmp_path, table) -> Path:
    """Rows 0 to 5 are in train, row 2 was dropped; image k is k all over."""
    names = [f"{k}.png" for k in range(12)]
    rows = table(names, label=LABELS, split=["train"] * 6 + ["val", "test"] * 3)
    which = rows["source"] == "2.png"
    store.write_rows(tmp_path / "data/clean", reasons.drop(rows, which, reasons.OUTLIER))
    folder = tmp_path / "data/ingested/d"
    folder.mkdir(parents=True)
    levels = np.arange(12, dtype=np.uint8)[:, None, None, None]
    np.save(folder / store.PIXELS, np.broadcast_to(levels, (12, 16, 16, 3)))
    (tmp_path / "params.yaml").write_bytes((Path(__file__).parents[3] / "params.yaml").read_bytes())
    return tmp_path


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list:
    """What each sheet was asked to show, in the place of a sheet."""
    calls: list = []

    def sheet(images, names, recipe, seed):
        calls.append((images[:, 0, 0, 0].tolist(), names, recipe, seed))
        return module.PNG

    monkeypatch.setattr(SHEETS, sheet)
    return calls


def test_it_draws_a_sheet(root: Path) -> None:
    said = preview(root, root / "new/sheet.png", "batched", 1, 0)
    assert said == f"images: 1 (basophil), under each recipe, by batched -> {root / 'new/sheet.png'}"
    assert Image.open(root / "new/sheet.png").format == "PNG"


@pytest.mark.parametrize(
    ("number", "labels"),
    [(1, ["basophil"]), (3, ["basophil", "ig", "platelet"]), (99, ["basophil", "ig", "ig", "platelet", "platelet"])],
    ids=["one", "one-of-each", "more-than-there-are"],
)
def test_kept_images_of_train_the_classes_in_turn(root: Path, shown: list, number: int, labels: list[str]) -> None:
    preview(root, root / "sheet.png", "keras_cv", number, 3)
    (levels, names, recipe, seed), = shown  # fmt: skip
    assert names == labels
    assert set(levels) <= {0, 1, 3, 4, 5}
    assert len(set(levels)) == len(levels)
    assert [LABELS[level] for level in levels] == labels
    assert (recipe.engine, recipe.operations, recipe.cutout, seed) == ("keras_cv", 2, 0.3, 3)


def test_another_seed_shows_other_images(root: Path, shown: list) -> None:
    for seed in range(8):
        preview(root, root / "sheet.png", "batched", 2, seed)
    assert len({tuple(levels) for levels, *_ in shown}) > 1


def test_an_earlier_sheet_is_replaced(root: Path, shown: list) -> None:
    out = root / "sheet.png"
    out.write_bytes(module.PNG + b"earlier")
    preview(root, out, "batched", 1, 0)
    assert out.read_bytes() == module.PNG


@pytest.mark.parametrize(
    ("out", "number", "error", "message"),
    [
        ("sheet.jpg", 1, ValueError, "expected the path of a PNG, as preview.png, got .*sheet.jpg"),
        ("sheet", 1, ValueError, "expected the path of a PNG"),
        ("folder.png", 1, FileExistsError, "folder.png exists and is no PNG: give another path, or remove it first"),
        ("notes.png", 1, FileExistsError, "notes.png exists and is no PNG"),
        ("new.png", 0, ValueError, "expected at least 1 image, got 0"),
    ],
    ids=["jpg", "no-suffix", "folder", "other-file", "none"],
)
def test_what_is_wrong_is_named(root: Path, out: str, number: int, error: type, message: str) -> None:
    (root / "folder.png").mkdir()
    (root / "notes.png").write_text("notes")
    with pytest.raises(error, match=message):
        preview(root, root / out, "batched", number, 0)
    assert (root / "notes.png").read_text() == "notes"


def test_an_unknown_engine_is_named_and_nothing_written(root: Path) -> None:
    with pytest.raises(ValueError, match="engine must be one of batched, keras_cv, got 'torch'"):
        preview(root, root / "sheet.png", "torch", 1, 0)
    assert not (root / "sheet.png").exists()


def test_before_anything_is_cleaned_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no table below data/clean yet: run `make repro`"):
        preview(tmp_path, tmp_path / "sheet.png", "batched", 1, 0)


def test_without_an_image_in_train_there_is_nothing_to_show(root: Path) -> None:
    rows = store.read_rows(root / "data/clean")
    store.write_rows(root / "data/clean", rows.assign(split="test"))
    with pytest.raises(ValueError, match="no image in train is kept"):
        preview(root, root / "sheet.png", "batched", 1, 0)
