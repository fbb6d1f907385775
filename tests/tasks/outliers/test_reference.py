import numpy as np
import pytest

from tasks.lite0_layout import FEATURES
from tasks.outliers.reference import FEWEST, Reference

MADE = Reference(np.array([3.0, -4.0], np.float32), 1.0, 2.0)


def test_the_ratio_is_linear_in_square_roots_of_unit_length() -> None:
    assert MADE.ratio(np.array([[9.0, 16.0], [0.0, 4.0]], np.float32)) == pytest.approx([0.6 * 3 - 0.8 * 4 + 1, -3])


def test_an_image_is_strange_by_its_distance_from_its_own_delivery_s_median() -> None:
    """The second laboratory looks foreign as a whole, and nothing of it is; the third is too small to say."""
    ratio = np.concatenate([np.full(30, -6.0), [2.0, -1.0], np.full(30, 1.0), [2.0], np.full(FEWEST - 2, -6.0), [9.0]])
    deliveries = np.repeat(["a", "b", "c"], [32, 31, FEWEST - 1])
    found = MADE.strangeness(ratio, deliveries, np.ones(len(ratio), bool))
    assert found[30] == 4, "8 above the median, by a deviation of 2"
    assert found[31] == 0, "it looks like a cell"
    assert found[62] == 0.5
    assert found[-1] == 0


def test_what_is_dropped_already_moves_no_median() -> None:
    ratio = np.concatenate([np.full(30, -6.0), np.full(60, 8.0), [2.0]])
    bulk = np.concatenate([np.ones(30, bool), np.zeros(60, bool), [True]])
    assert MADE.strangeness(ratio, np.full(91, "a"), bulk)[-1] == 4


def test_the_project_s_own_fits_the_features() -> None:
    own = Reference.load()
    assert own.weights.shape == (FEATURES,)
    assert np.isfinite(own.weights).all()
    assert own.spread > 1
