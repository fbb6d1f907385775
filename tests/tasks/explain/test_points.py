from typing import Any

import numpy as np
import pytest

from tasks.explain import points

FEATURES = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32) * [9, 5, 2, 1, 0.1, 0.1] + 7


class Reader:
    """Gives FEATURES by position, and remembers what was read."""

    def __init__(self, features: Any = FEATURES):
        self.features, self.asked = features.astype(np.float32), []

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        self.asked.append(positions.tolist())
        return self.features[positions]


def test_points_are_centred_and_of_unit_variance_on_the_average_in_the_order_of_their_spread() -> None:
    found = points.principal(Reader(), 50, 3)
    assert found.shape == (50, 3)
    assert found.dtype == np.float32
    assert found.mean(axis=0) == pytest.approx(0, abs=1e-5)
    spread = found.var(axis=0, ddof=1)
    assert spread.mean() == pytest.approx(1, rel=1e-4)
    assert spread[0] > 2 * spread[1] > 4 * spread[2]


def test_distances_are_those_of_the_features_but_for_a_factor() -> None:
    found = points.principal(Reader(), 50, 6)
    ratio = np.linalg.norm(found[1:] - found[0], axis=1) / np.linalg.norm(FEATURES[1:] - FEATURES[0], axis=1)
    assert ratio == pytest.approx(ratio[0], rel=1e-3)


def test_each_image_is_read_once_and_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "SAMPLE", 20)
    monkeypatch.setattr(points, "PIECE", 8)
    reader = Reader()
    found = points.principal(reader, 50, 3)
    assert sorted(k for asked in reader.asked for k in asked) == list(range(50))
    assert [len(asked) for asked in reader.asked] == [20, 8, 8, 8, 6]
    assert np.diff(reader.asked[0]).min() >= 2  # the sample is spread over all
    # Those beside the sample lie where their own features put them.
    sample = FEATURES[reader.asked[0]]
    axis = np.linalg.svd(sample - sample.mean(axis=0), full_matrices=False)[2][0]
    along = (FEATURES - sample.mean(axis=0)) @ axis
    assert abs(np.corrcoef(along, found[:, 0])[0, 1]) == pytest.approx(1, abs=1e-5)


def test_there_are_no_more_components_than_images_or_features() -> None:
    assert points.principal(Reader(), 50, 100).shape == (50, 6)
    assert points.principal(Reader(), 4, 100).shape == (4, 4)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of a ratio that nobody reads
def test_images_that_are_all_alike_are_all_in_one_place() -> None:
    assert (points.principal(Reader(np.ones((9, 4))), 9, 2) == 0).all()
