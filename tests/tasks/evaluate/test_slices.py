import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from tasks.evaluate import slices
from tasks.evaluate.resampling import Resampling
from tasks.predictions import Predictions


def test_blurred_images_are_less_sharp() -> None:
    sharp = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    blurred = ndimage.gaussian_filter(sharp, (0, 1, 1, 0))
    assert (slices.sharpness(blurred) < slices.sharpness(sharp)).all()
    assert slices.sharpness(np.full((1, 16, 16, 3), 80, np.uint8)).tolist() == [0]


def test_quarters_hold_the_same_number_and_follow_the_values() -> None:
    found = slices.quarters(np.array([8, 1, 5, 3, 2, 7, 4, 6], float))
    assert sorted(found) == sorted(np.repeat(slices.QUARTERS, 2))
    assert (found[0], found[1]) == ("4, sharpest", "1, least sharp")


@pytest.fixture(scope="module")
def predictions() -> Predictions:
    rows = pd.DataFrame({"id": [f"{k:02}" for k in range(40)], "split_group": [f"{k:02}" for k in range(40)]})
    rows = rows.assign(delivery=["old"] * 35 + ["new"] * 5, source=rows["id"], acquisition_batch="", sharpness="2")
    rows = rows.assign(label=["ig", "platelet"] * 20, predicted=["ig", "platelet"] * 18 + ["platelet"] * 4)
    rows = rows.assign(confidence=0.9, ood_score=0.1, why="", p_ig=0.5, p_platelet=0.5)
    return Predictions(("ig", "platelet"), rows, pd.DataFrame({"mixed": np.zeros(40, np.uint8)}))


def test_a_slice_has_figures_or_says_that_it_has_too_few_rows(predictions: Predictions) -> None:
    resampling = Resampling(predictions.rows["split_group"].to_numpy(str), predictions.truth, 200, 0.95, 0)
    table = slices.table(predictions, resampling, 20).set_index(["slice", "value"])
    assert list(table.columns) == slices.COLUMNS[2:]
    assert table.loc[("class", "ig"), "accuracy"] == 0.9
    assert table.loc[("class", "ig"), "low"] < 0.9 < table.loc[("class", "ig"), "high"]
    assert table.loc[("class", "platelet"), ["accuracy", "low", "high"]].tolist() == [1, 1, 1]
    few = table.loc[("delivery", "new")]
    assert few[["accuracy", "low", "high", "balanced_accuracy"]].isna().all()
    assert few["note"] == "5 rows, fewer than 20: too few for a figure"
    assert table.loc[("delivery", "old"), "note"] == ""
    assert table.loc[("acquisition_batch", "none"), "rows"] == 40
