from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks import predictions
from tasks.predictions import Predictions

CLASSES = ("ig", "platelet")


def rows(**columns: object) -> pd.DataFrame:
    table = pd.DataFrame(
        {"id": ["1", "2", "3"], "split_group": ["1", "1", "3"], "delivery": "d", "source": list("abc")}
    )
    table = table.assign(
        acquisition_batch="", sharpness="2", label=["ig", "ig", "platelet"], predicted=["ig", "platelet", "platelet"]
    )
    table = table.assign(confidence=0.75, ood_score=0.1, why="", p_ig=[0.75, 0.25, 0.25], p_platelet=[0.25, 0.75, 0.75])
    return table.assign(**columns)


def corruptions() -> pd.DataFrame:
    return pd.DataFrame({"jpeg/1": [0, 1, 1], "jpeg/2": [1, 1, 1], "bubble/1": [0, 0, 1], "mixed": [1, 0, 1]}).astype(
        "uint8"
    )


def test_a_record_says_what_was_predicted_of_what() -> None:
    one = Predictions(CLASSES, rows(), corruptions())
    assert one.truth.tolist() == [0, 0, 1]
    assert one.predicted.tolist() == [0, 1, 1]
    assert one.probabilities.tolist() == [[0.75, 0.25], [0.25, 0.75], [0.25, 0.75]]
    assert one.corruption_names == ("jpeg/1", "jpeg/2", "bubble/1")
    assert one.kinds == ("jpeg", "bubble")
    assert one.under("mixed").tolist() == [1, 0, 1]


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    predictions.write(tmp_path, Predictions(CLASSES, rows(), corruptions()))
    again = predictions.read(tmp_path)
    assert again.classes == CLASSES
    pd.testing.assert_frame_equal(again.rows, rows())
    assert (again.corruptions.to_numpy() == corruptions().to_numpy()).all()


@pytest.mark.parametrize("name", [predictions.PREDICTIONS, predictions.CORRUPTIONS])
def test_a_table_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    predictions.write(tmp_path, Predictions(CLASSES, rows(), corruptions()))
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"no evaluation in .*{name} is missing"):
        predictions.read(tmp_path)


@pytest.mark.parametrize(
    ("table", "cells", "message"),
    [
        (rows().drop(columns=["why", "p_ig"]), corruptions(), "predictions lack the columns why, p_ig"),
        (rows(id=["1", "1", "3"]), corruptions(), "in the order of their ids, each once"),
        (rows(id=["2", "1", "3"]), corruptions(), "in the order of their ids, each once"),
        (rows(), corruptions()[:2], "expected a row of the benchmark for each of 3, got 2"),
        (rows(label=["ig", "x", "ig"]), corruptions(), "label must be one of ig, platelet, got 'x'"),
    ],
    ids=["columns", "twice", "order", "length", "label"],
)
def test_tables_that_do_not_fit_are_refused(table: pd.DataFrame, cells: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Predictions(CLASSES, table, cells)


def test_probabilities_are_in_the_order_of_the_classes() -> None:
    assert np.allclose(Predictions(("platelet", "ig"), rows(), corruptions()).probabilities[0], [0.25, 0.75])
