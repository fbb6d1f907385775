from pathlib import Path

import numpy as np
import pytest

from tasks import store
from tasks.study import elsewhere

NAMES = ["dark", "grey", "light"]


class Stub:
    """Calls an image by its brightness: dark below 80, light above 160."""

    def predict(self, images: np.ndarray, batch_size: int, verbose: int) -> np.ndarray:
        return np.eye(3)[np.digitize(images.mean(axis=(1, 2, 3)), [80, 160])]


def write(folder: Path, delivery: str, rows, brightness: list[int]) -> None:
    store.write_rows(folder / delivery, rows.assign(delivery=delivery))
    pixels = np.ones((len(brightness), 8, 8, 3), np.uint8) * np.array(brightness, np.uint8)[:, None, None, None]
    np.save(folder / delivery / store.PIXELS, pixels)


def test_each_delivery_is_judged_over_its_own_classes_without_what_was_learnt(tmp_path: Path, table) -> None:
    """x: both dark ones are right, of two light ones one; a fifth row was in training. y has only dark ones, all right.
    z has no row of a known class."""
    listing, folder = tmp_path / "external.yaml", tmp_path / "external"
    listing.write_text("external: [x, y, z]\n")
    labels = ["dark", "dark", "light", "light", "dark"]
    write(folder, "x", table(list("abcde"), label=labels), [10, 20, 250, 100, 250])
    write(folder, "y", table(list("fg"), label="dark"), [0, 0])
    write(folder, "z", table(["h"], label="red"), [0])
    found = elsewhere.balanced(Stub(), listing, folder, NAMES, {"e"}, 4)
    assert found == {"x": pytest.approx(0.75), "y": pytest.approx(1.0)}


def test_without_external_deliveries_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "external").mkdir()
    (tmp_path / "external.yaml").write_text("external: []\n")
    assert elsewhere.balanced(Stub(), tmp_path / "external.yaml", tmp_path / "external", NAMES, set(), 4) == {}
