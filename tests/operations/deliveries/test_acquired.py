"""Depth and scale of a delivery, found when it is added. The project is files alone, without DVC."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from operations.deliveries import acquired
from tasks import store
from tasks.delivery.intake import Intake, take_in
from tasks.delivery.record import Acquisition
from tasks.params import Classes

CLASSES = Classes.model_validate({"ig": [], "platelet": []})
NOTHING = Acquisition()


def smear(side: int, diameter: float, seed: int) -> np.ndarray:
    """A stained disk in the middle of a pale background, uint8 (side, side, 3)."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    image = np.random.default_rng(seed).integers(232, 240, (side, side, 3)).astype(np.uint8)
    image[np.hypot(rows, columns) <= diameter / 2] = (110, 60, 150)
    return image


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with the delivery `first` ingested: cells of 48 pixels in images of 96."""
    root = tmp_path / "project"
    rows = pd.DataFrame({"delivery": "first", "source": [f"{k}.png" for k in range(6)], "label": "ig", "row": range(6)})
    rows = rows.assign(id=rows["source"], split_group="", kept=True, dropped_by="", drop_reason="", drop_value=np.nan)
    store.write_rows(root / "data/ingested/first", rows.assign(duplicate_of=""))
    np.save(root / "data/ingested/first" / store.PIXELS, np.stack([smear(96, 48, k) for k in range(6)]))
    (root / "data/deliveries.yaml").write_text("deliveries: [first]\n")
    (root / "params.yaml").write_text("ingest: {crop: 200, image_size: 96, pixels_per_micrometre: 10.0}\n")
    return root


def delivery(folder: Path, side: int, diameter: float, dpi: tuple[float, ...] = (72,)) -> Path:
    for number in range(6):
        file = folder / "ig" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(smear(side, diameter, 10 + number)).save(file, dpi=(dpi[number % len(dpi)],) * 2)
    return folder


def inspected(root: Path, folder: Path, asked: Acquisition = NOTHING) -> Intake:
    taken = take_in(folder, folder.with_name("staging"), CLASSES)
    return acquired.inspected(root, taken, asked, CLASSES, acquired.settings(root))


@pytest.mark.parametrize(
    ("side", "diameter", "asked", "about", "proposed"),
    [
        (300, 100, {}, [], None),
        (300, 110, {}, [], None),
        (300, 50, {}, ["scale"], 100),
        (300, 50, {"crop": 100}, ["crop"], None),
        (300, 50, {"scale": 5.0}, ["crop"], None),
        (300, 50, {"crop": 150}, ["crop", "scale"], 100),
        (120, 60, {}, ["crop"], None),
        (120, 30, {}, ["crop", "scale"], 60),
        (96, 48, {}, [], None),
    ],
    ids=["same", "hardly larger", "half", "crop", "scale", "wrong crop", "small and whole", "small and half", "stored"],
)
def test_the_scale_is_told_where_it_differs(root, tmp_path, side, diameter, asked, about, proposed):
    taken = inspected(root, delivery(tmp_path / "in", side, diameter), Acquisition(**asked))
    assert [line.partition(":")[0] for line in taken.told] == about
    found = re.search(r"those of 'first', \d+ is used: --crop (\d+) takes it", "\n".join(taken.told))
    assert (found is not None) == (proposed is not None)
    assert found is None or int(found[1]) == pytest.approx(proposed, rel=0.05)
    assert (taken.record.crop, taken.record.scale) == (asked.get("crop"), asked.get("scale"))


@pytest.mark.parametrize(
    ("dpi", "asked", "proposed"),
    [
        ((127_000,), {}, True),
        ((127_000,), {"crop": 100}, False),
        ((254_000,), {}, False),
        ((127_000, 254_000), {}, False),
        ((127_000, 72), {}, False),
    ],
    ids=["another", "a crop is stated", "the usual", "two", "some say none"],
)
def test_a_scale_that_all_files_state_is_proposed(root, tmp_path, dpi, asked, proposed):
    taken = inspected(root, delivery(tmp_path / "in", 300, 100, dpi), Acquisition(**asked))
    line = "scale: its files say 5 pixels per micrometre, ingest.crop is for 10: --scale 5 takes it"
    assert (line in taken.told) == proposed


def deep(folder: Path, bits: int, count: int = 4) -> Path:
    for number in range(count):
        file = folder / "ig" / f"{bits}-{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        values = np.random.default_rng(number).integers(60, 256, (32, 32)).astype(np.uint16)
        Image.fromarray(values << max(0, bits - 8) if bits else values * 0).save(file)
    return folder


def test_the_depth_is_told_and_recorded(root, tmp_path):
    taken = inspected(root, deep(tmp_path / "in", 12))
    line = "depth: 12-bit in 16-bit, scaled by 1/16, in 4 images; --depth overrules it"
    assert (taken.record.depth, line in taken.told) == (12, True)
    assert inspected(root, deep(tmp_path / "again/in", 12), Acquisition(depth=13)).record.depth == 13


@pytest.mark.parametrize(
    ("bits", "asked", "message"),
    [
        ((12, 16), {}, "expected one depth in a delivery: state it with --depth"),
        ((0,), {}, "which tells no depth: state it with --depth"),
        ((12,), {"depth": 32}, "depth 32 makes most of them black"),
    ],
    ids=["two depths", "all black", "contradicted"],
)
def test_a_depth_that_cannot_be_told_is_refused(root, tmp_path, bits, asked, message):
    for each in bits:
        deep(tmp_path / "in", each)
    with pytest.raises(ValueError, match=message):
        inspected(root, tmp_path / "in", Acquisition(**asked))


def test_a_depth_stated_for_eight_bits_is_refused(root, tmp_path):
    with pytest.raises(ValueError, match="depth 12 is stated, but no file has more than 8 bits"):
        inspected(root, delivery(tmp_path / "in", 96, 40), Acquisition(depth=12))


@pytest.mark.cells
@pytest.mark.parametrize(("laboratory", "crop"), [("jtsc", 97), ("cellavision", 215)])
def test_real_cells_of_other_laboratories_get_the_crop_of_their_scale(cells, tmp_path, laboratory, crop):
    """Against cells of PBC, of which 200 pixels are used."""
    from tasks import cell_size
    from tasks.ingest.decode import decode, fit

    def images(folder):
        for file in (file for kind in kinds for file in sorted((folder / kind).glob("[!.]*"))[:24]):
            yield file.parent.name, decode(file.read_bytes())

    kinds = ("lymphocyte", "monocyte", "neutrophil")
    reference = cell_size.medians((kind, cell_size.diameter(fit(image, 200, 96))) for kind, image in images(cells))
    found = []
    for kind, image in images(cells.parent / "other_laboratories" / laboratory):
        side = min(image.shape[:2])
        found.append((kind, cell_size.diameter(fit(image, side, side)) * side))
    assert cell_size.ratio(found, reference) == pytest.approx(crop, rel=0.1)
