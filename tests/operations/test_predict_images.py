"""`write` and `predict`: what reaches a model, in how much memory, and a real model at work."""

import io
import random
import sys
import time
import tracemalloc
import warnings
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from operations import predict as module
from tasks.ingest.images import Treatment, ingest_batch
from tasks.ingest.settings import Ingest
from tasks.predict.source import Entry, Source
from tasks.predict.view import View

SETTINGS = Ingest(crop=24, image_size=32, hash_size=8)


class Model:
    """SelectivePrediction whatever it is shown, and keeps it if it is to."""

    classes, image_size, crop = ("ig", "ne"), SETTINGS.image_size, SETTINGS.crop
    thresholds: dict[str, float] = {}  # noqa: RUF012

    def __init__(self, keeps: bool = True) -> None:
        self.seen: list[np.ndarray] = []
        self.keeps = keeps

    def predict(self, images: np.ndarray, tta: int = 1) -> SimpleNamespace:
        self.seen.extend(images if self.keeps else [])
        chances = np.tile(np.float32([0.9, 0.1]), (len(images), 1))
        return SimpleNamespace(probabilities=chances, score=chances[:, 0], why=np.full(len(images), ""))


def png(colour: tuple[int, int, int]) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(stream, "PNG")
    return stream.getvalue()


def source(contents: Iterable[bytes]) -> Source:
    entries = [Entry(f"{k}", partial(bytes, content)) for k, content in enumerate(contents)]
    return Source(len(entries), 0, lambda: nullcontext(iter(entries)))


def images() -> dict[str, bytes]:
    """Every case of the table in tasks/ingest/decode.py."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 36, 4), np.uint8)
    turned = Image.Exif()
    turned[0x0112] = 6
    made = {
        "rgb.png": (Image.fromarray(noise[..., :3]), {}),
        "alpha.png": (Image.fromarray(noise), {}),
        "grey.bmp": (Image.fromarray(noise[..., 0]), {}),
        "16.tif": (Image.fromarray(noise[..., 0].astype(np.uint16) * 257), {}),
        "turned.jpg": (Image.fromarray(noise[..., :3]), {"exif": turned}),
        "small.png": (Image.fromarray(noise[:9, :10, :3]), {}),
        "exact.png": (Image.fromarray(noise[:32, :32, :3]), {}),
    }
    found = {}
    for name, (image, options) in made.items():
        stream = io.BytesIO()
        image.save(stream, {"png": "PNG", "bmp": "BMP", "tif": "TIFF", "jpg": "JPEG"}[name[-3:]], **options)
        found[name] = stream.getvalue()
    return found


def test_the_model_sees_what_ingest_would_have_stored() -> None:
    model, given = Model(), list(images().values())
    counts = module.write(io.BytesIO(), source(given), model, 1)
    assert counts == {"answered": len(given)}
    treatment = Treatment(SETTINGS.image_size, SETTINGS.hash_size, SETTINGS.crop)
    np.testing.assert_array_equal(np.stack(model.seen), ingest_batch(given, treatment).pixels)


def test_a_bomb_of_pixels_is_unreadable_in_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_late(*given, **options):
        time.sleep(random.random() / 500)  # so that threads meet
        return opened(*given, **options)

    opened, filters = Image.open, list(warnings.filters)
    monkeypatch.setattr(Image, "open", open_late)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # 16 x 16 is more than twice as many
    monkeypatch.setattr(module.workers, "cores", lambda: 4)
    out = io.BytesIO()
    counts = module.write(out, source([png((0, 0, 0))] * 200), Model(), 1)
    assert counts == {"unreadable": 200}
    assert out.getvalue().count(b"unreadable: DecompressionBombError") == 200
    assert warnings.filters == filters


def test_images_of_another_depth_and_scale_are_read_as_stated() -> None:
    grey = np.arange(64, dtype=np.uint16).reshape(8, 8) * 4
    deep, usual = np.repeat((grey << 4)[..., None], 3, axis=2), np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)
    whole = module.treated(deep, 0, 8, View(depth=12))
    assert (whole == usual).all()
    assert (module.treated(deep, 0, 8, View(depth=13)) == usual >> 1).all()
    assert (module.treated(deep / 4095, 0, 8, View(depth="0..1")).astype(int) - usual <= 1).all()
    cut = np.repeat(np.repeat(usual, 4, axis=0), 4, axis=1)
    assert module.treated(cut, 16, 32, View()).mean() == pytest.approx(usual.mean(), abs=1)
    middle = module.treated(cut, 16, 32, View(crop=16))
    assert middle.shape == (32, 32, 3)
    assert np.ptp(middle) < np.ptp(usual) * 0.8


def deep(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(values.astype(np.uint16)).save(stream, "PNG")
    return stream.getvalue()


def test_a_dark_image_among_deep_ones_stays_dark() -> None:
    bright, dark = np.full((32, 32), 250 << 4), np.full((32, 32), 60 << 4)
    model = Model()
    files = [deep(dark), b"no image", deep(bright), png((10, 20, 30)), deep(bright)]
    assert module.write(io.BytesIO(), source(files), model, 1) == {"answered": 4, "unreadable": 1}
    assert [int(image[0, 0, 0]) for image in model.seen] == [60, 250, 10, 250]


def test_deep_images_of_no_common_depth_are_unreadable_with_the_reason() -> None:
    out = io.BytesIO()
    files = [deep(np.full((8, 8), value)) for value in (4000, 4000, 60_000, 60_000)]
    assert module.write(out, source(files), Model(), 1) == {"unreadable": 4}
    assert out.getvalue().count(b"expected one depth in a delivery: state it with --depth") == 4


def test_memory_does_not_grow_with_the_number_of_images(tmp_path: Path) -> None:
    model, number = Model(keeps=False), 8000
    model.image_size = 96  # all images together would take 221 MB
    tracemalloc.start()
    try:
        with (tmp_path / "out.csv").open("wb") as stream:
            counts = module.write(stream, source([png((230, 0, 0))] * number), model, 1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert counts == {"answered": number}
    assert peak < 40 << 20


class Stranger(Model):
    """Refuses what it is shown."""

    thresholds = {"largest_score": 0.5}  # noqa: RUF012

    def predict(self, images: np.ndarray, tta: int = 1) -> SimpleNamespace:
        said = super().predict(images)
        return SimpleNamespace(**{**vars(said), "why": np.full(len(images), "ood")})


def test_an_input_that_lies_outside_is_told_once_beside_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = SimpleNamespace(load=lambda folder: Stranger())
    monkeypatch.setitem(sys.modules, "tasks.selective.selective_classifier", stand_in)
    for name in ("data/model/model.json", *(f"cells/{k}.png" for k in range(5))):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(png((230, 0, 0)))
    done = module.predict(tmp_path, tmp_path / "cells", tmp_path / "out.csv", None, 1)
    first, second = done.sentence.split("\n")
    assert first.endswith(f"5 ood, 0 unreadable -> {tmp_path / 'out.csv'}")
    assert second == "5 of 5 look unlike the training data: another stain or scale? see docs/data.md"
    assert (tmp_path / "out.csv").read_text().count("ood: score 0.9, a cell has at most 0.5") == 5


def test_a_saved_model_judges_as_it_does_in_memory(tmp_path: Path) -> None:
    import keras  # here: no other test needs TensorFlow

    from tasks import model as models
    from tasks.selective.calibration import Calibration
    from tasks.selective.detector import Detector, Space
    from tasks.selective.selective_classifier import load
    from tasks.selective.temperature import Temperature

    keras.utils.set_random_seed(0)
    maps = keras.layers.Conv2D(4, 3, name="maps")(given := keras.Input((32, 32, 3)))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(maps))
    network = keras.Model(given, keras.layers.Dense(2, activation="softmax")(pooled))
    space = Space(np.zeros(4, np.float32), np.eye(4, dtype=np.float32)[:1])
    detector = Detector((space,), np.zeros(1, np.float32), np.ones(1, np.float32))
    fitted = Calibration(("maps",), detector, Temperature(0.5, 0.0, 0.0, 1.0), 0.535, 2.0)
    models.save(tmp_path / "data/model", network, ["ig", "ne"], 24, {}, [], fitted.describe(), fitted.arrays())
    files = images()
    (tmp_path / "cells").mkdir()
    for name, content in {**files, "z.txt": b""}.items():
        (tmp_path / "cells" / name).write_bytes(content)

    done = module.predict(tmp_path, tmp_path / "cells", tmp_path / "out.csv", None, 4)
    assert done.unreadable == 1
    table = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)[:-1]
    fitted_to_it = np.stack([module.treated(files[name], 24, 32) for name in table["file"]])
    answers = load(tmp_path / "data/model").predict(fitted_to_it, tta=4)
    np.testing.assert_allclose(table[["p_ig", "p_ne"]].astype(float), answers.probabilities, atol=1e-6)
    assert [why.partition(":")[0] for why in table["why"]] == answers.why.tolist()
    assert len(set(answers.why)) > 1  # else this would show little
    assert module.DESCRIPTION == models.DESCRIPTION
