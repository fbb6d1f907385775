from pathlib import Path

import numpy as np
import pytest

from tasks.evaluate import metrics, picture

TRUTH = np.array([0, 0, 0, 1])
PREDICTED = np.array([0, 0, 1, 1])
PROBABILITIES = np.eye(3, dtype=np.float32)[PREDICTED]


def test_figures_of_a_small_table_by_hand() -> None:
    figures = metrics.summary(TRUTH, PROBABILITIES, ["a", "b", "c"])
    assert figures["rows"] == 4
    assert figures["accuracy"] == 0.75
    assert figures["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert figures["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert figures["per_class"]["a"] == pytest.approx({"precision": 1.0, "recall": 2 / 3, "f1": 0.8, "support": 3})
    assert figures["per_class"]["b"] == pytest.approx({"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "support": 1})


def test_means_are_over_the_classes_that_occur() -> None:
    figures = metrics.summary(np.array([0, 0, 1]), np.eye(3, dtype=np.float32)[[0, 2, 1]], ["a", "b", "c"])
    assert figures["balanced_accuracy"] == pytest.approx((0.5 + 1) / 2)
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 1) / 2)


def test_a_class_without_test_rows_has_no_figures() -> None:
    figures = metrics.summary(TRUTH, PROBABILITIES, ["a", "b", "c"])
    assert figures["per_class"]["c"] == {"precision": None, "recall": None, "f1": None, "support": 0}


def test_confusion_has_a_row_per_true_class() -> None:
    assert metrics.confusion(TRUTH, PREDICTED, 3).tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_the_picture_is_a_png_of_the_same_bytes_each_time(tmp_path: Path) -> None:
    counts = metrics.confusion(TRUTH, PREDICTED, 3)
    for name in ("x.png", "y.png"):
        picture.draw_confusion(counts, ["a", "b", "c"], "test", tmp_path / name)
    assert (tmp_path / "x.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()
