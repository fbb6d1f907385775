from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as peer

from tasks.evaluate import metrics, plot, weighted

TRUTH = np.array([0, 0, 0, 1])
PREDICTED = np.array([0, 0, 1, 1])
SURE = np.eye(3, dtype=np.float32)[PREDICTED]


def test_figures_of_a_small_table_by_hand() -> None:
    figures = metrics.headline(TRUTH, SURE)
    assert figures["accuracy"] == 0.75
    assert figures["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert figures["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert figures["brier"] == pytest.approx(2 / 4)
    assert figures["ece"] == pytest.approx(0.25)


def test_figures_of_each_class_by_hand() -> None:
    table = metrics.per_class(TRUTH, SURE, ["a", "b", "c"])
    assert table["a"] == pytest.approx({"support": 3, "precision": 1.0, "recall": 2 / 3, "f1": 0.8, "auc": 5 / 6})
    assert table["c"] == {"support": 0, "precision": None, "recall": None, "f1": None, "auc": None}


def test_means_are_over_the_classes_that_occur() -> None:
    figures = metrics.headline(np.array([0, 0, 1]), np.eye(3, dtype=np.float32)[[0, 2, 1]])
    assert figures["balanced_accuracy"] == pytest.approx((0.5 + 1) / 2)
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 1) / 2)


def test_calibration_error_is_the_mean_gap_of_confidence_and_accuracy() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.6, 0.4], [0.6, 0.4]])
    truth = np.array([0, 1, 0, 0])  # of the sure ones half are right, of the others all
    assert metrics.calibration_error(truth, probabilities) == pytest.approx((0.45 + 0.4) / 2)
    assert metrics.reliability(truth, probabilities) == [(9, 2, 0.6, 1.0), (14, 2, 0.95, 0.5)]


def test_the_highest_confidence_is_in_the_last_bin() -> None:
    assert metrics.bins(np.array([0.0, 0.5, 1.0])).tolist() == [0, 7, 14]


def test_confusion_has_a_row_per_true_class() -> None:
    assert metrics.confusion(TRUTH, PREDICTED, 3).tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_the_image_is_a_png_of_the_same_bytes_each_time(tmp_path: Path) -> None:
    counts = metrics.confusion(TRUTH, PREDICTED, 3)
    for name in ("x.png", "y.png"):
        plot.draw_confusion(counts, ["a", "b", "c"], "title", tmp_path / name)
    assert (tmp_path / "x.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()


RNG = np.random.default_rng(0)
MANY = RNG.integers(0, 4, 300)
SAID = RNG.dirichlet(np.ones(4), 300)
SAID[np.arange(300), MANY] += RNG.uniform(0, 1, 300)
SAID = np.round(SAID / SAID.sum(axis=1, keepdims=True), 2)  # rounded, so that there are ties
WEIGHTS = RNG.integers(0, 4, (5, 300)).astype(np.float32)


def repeated(draw: np.ndarray) -> np.ndarray:
    """Places of the rows, each as often as it is drawn."""
    return np.repeat(np.arange(300), draw.astype(int))


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_weighted_figures_are_those_of_repeated_rows(name: str) -> None:
    found = weighted.of_confusion(weighted.counts(WEIGHTS, MANY, SAID.argmax(axis=1), 4))[name]
    expected = [metrics.headline(MANY[rows], SAID[rows])[name] for rows in map(repeated, WEIGHTS)]
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", ["brier", "ece"])
def test_weighted_figures_of_probabilities_are_those_of_repeated_rows(name: str) -> None:
    found = weighted.of_probabilities(WEIGHTS, MANY, SAID)[name]
    expected = [metrics.headline(MANY[rows], SAID[rows])[name] for rows in map(repeated, WEIGHTS)]
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_weighted_figures_of_classes_are_those_of_repeated_rows(name: str) -> None:
    found = weighted.of_confusion(weighted.counts(WEIGHTS, MANY, SAID.argmax(axis=1), 4))[name]
    tables = [metrics.per_class(MANY[rows], SAID[rows], list("abcd")) for rows in map(repeated, WEIGHTS)]
    assert found == pytest.approx(np.array([[row[name] for row in table.values()] for table in tables]))


@pytest.mark.parametrize("label", range(4))
def test_weighted_auc_is_scikit_learn_s(label: int) -> None:
    expected = [peer.roc_auc_score(label == MANY, SAID[:, label], sample_weight=draw) for draw in WEIGHTS]
    assert weighted.auc(WEIGHTS, label == MANY, SAID[:, label]) == pytest.approx(expected)


def test_a_class_that_a_draw_lacks_is_left_out_of_its_means() -> None:
    weights = np.array([[1, 1, 1, 0]], np.float32)
    found = weighted.of_confusion(weighted.counts(weights, TRUTH, PREDICTED, 3))
    assert found["balanced_accuracy"] == pytest.approx([2 / 3])
    assert np.isnan(found["recall"][0, 1:]).all()
