from pathlib import Path

import numpy as np
import pytest

from tasks.evaluate import external
from tasks.predictions import EXTERNAL_COLUMNS
from tasks.selective.calibration import SelectivePrediction
from tests.support.external import NAMES, listed, read, write


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    return listed(tmp_path)


def test_without_external_deliveries_there_is_nothing(listing: Path) -> None:
    listing.write_text("external: []\n")
    found = external.answered(read(listing), None, NAMES)
    assert (list(found.columns), len(found)) == (list(EXTERNAL_COLUMNS), 0)
    assert external.figures(found, NAMES, 200, 0.9, 0, 5) == {}
    assert external.flat({}) == {}


def test_figures_are_those_of_the_judged_rows(listing: Path, table) -> None:
    """Of six ig four are right, of four platelets one; one more is a copy from training, and y has too few."""
    labels = ["ig"] * 6 + ["platelet"] * 4 + ["ig"]
    write(listing, table(list("abcdefghijk"), label=labels))
    write(listing, table(["z"]), "y")
    rows = read(listing, ("k",))
    answers = np.array([0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0])
    why = np.array(["", "", "", "ood", "unsure", "", "", "", "", "", ""])
    outputs = SelectivePrediction(np.eye(2, dtype=np.float32)[answers], np.zeros(11, np.float32), why)
    found = external.answered(rows, outputs, NAMES)
    assert found["predicted"].tolist() == [*(NAMES[k] for k in answers[:10]), "", "ig"]
    figures = external.figures(found, NAMES, 200, 0.9, 0, 5)
    one = figures["x"]
    assert (one["files"], one["rows"], one["left_out"], one["note"]) == (11, 10, {"in-training": 1}, "")
    assert one["balanced_accuracy"]["value"] == pytest.approx((4 / 6 + 1 / 4) / 2)
    assert one["accuracy"]["value"] == pytest.approx(0.5)
    assert one["recall"]["platelet"]["rows"] == 4
    assert one["recall"]["platelet"]["value"] == pytest.approx(0.25)
    assert one["recall"]["platelet"]["low"] < 0.25 < one["recall"]["platelet"]["high"]
    assert (one["refused"]["value"], one["coverage"]["value"]) == (pytest.approx(0.1), pytest.approx(0.8))
    assert one["selective_accuracy"] == pytest.approx(4 / 8)
    assert figures["y"]["note"] == "1 images to judge by, fewer than 5: too few for a figure"
    assert set(external.flat(figures)) == {
        "external_balanced_accuracy", "external_x_balanced_accuracy", "external_x_coverage", "external_x_refused"
    }  # fmt: skip
    lines = external.told(figures)
    assert lines[0].endswith("; 1 more are copies of images in training, and left out")
    assert lines[1] == "external y: 1 images to judge by, fewer than 5: too few for a figure"
