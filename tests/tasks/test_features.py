from pathlib import Path

import numpy as np
import pytest

from tasks import store
from tasks.features import hellinger, nearest, principal, projected


def arrays(folder: Path, features: np.ndarray) -> tuple[store.Arrays, np.ndarray]:
    (folder / "d").mkdir()
    np.save(folder / "d" / store.FEATURES, features)
    places = np.stack([np.zeros(len(features), np.int64), np.arange(len(features))], axis=1)
    return store.Arrays(folder, store.FEATURES, ["d"]), places


def test_features_become_square_roots_of_unit_length() -> None:
    roots = hellinger(np.array([[1, 3], [16, 0], [0, 0]], np.float32))
    assert roots == pytest.approx(np.array([[0.5, 0.75**0.5], [1, 0], [0, 0]]))


def test_without_whitening_distances_are_those_of_hellinger(tmp_path: Path) -> None:
    features = np.random.default_rng(0).random((50, 8)).astype(np.float32)
    points = principal(*arrays(tmp_path, features), 8, 0.0)
    roots = hellinger(features)
    assert points[:, -1] == pytest.approx(np.zeros(50), abs=1e-3)
    assert np.linalg.norm(points[:5] - points[5], axis=1) == pytest.approx(
        np.linalg.norm(roots[:5] - roots[5], axis=1), abs=1e-4
    )


def test_whitened_in_full_all_directions_count_alike(tmp_path: Path) -> None:
    features = (1 + np.random.default_rng(0).random((500, 5)) * [1, 2, 3, 4, 5]).astype(np.float32)
    deviation = principal(*arrays(tmp_path, features), 4, 1.0)[:, :4].std(axis=0)
    assert deviation / deviation[0] == pytest.approx(np.ones(4), rel=0.02)


def test_what_lies_beside_the_components_is_the_last_coordinate(tmp_path: Path) -> None:
    features = np.full((100, 6), 4, np.float32)
    features[:, 0] += np.random.default_rng(0).random(100).astype(np.float32) * 4
    features[17, 5] = 5  # a direction in which no other image differs
    places = arrays(tmp_path, features)
    unscaled, scaled = principal(*places, 1, 0.0)[:, -1], principal(*places, 1, 1.0)[:, -1]
    assert unscaled.argmax() == 17
    centred = hellinger(features) - hellinger(features).mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][:1]
    assert unscaled == pytest.approx(np.linalg.norm(centred - centred @ axis.T @ axis, axis=1), abs=1e-4)
    assert scaled[17] / unscaled[17] == pytest.approx(1 / (centred @ axis.T).std(), rel=0.01)


@pytest.mark.parametrize("n", [12, 90], ids=["few images", "more"])
def test_the_components_of_few_images_are_those_of_their_covariance(tmp_path: Path, n: int) -> None:
    features = np.random.default_rng(0).random((n, 60)).astype(np.float32)
    points = principal(*arrays(tmp_path, features), 4, 1.0)
    centred = hellinger(features) - hellinger(features).mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov(centred.T, bias=True))
    expected = centred @ axes[:, -4:] / np.sqrt(variances[-4:])
    assert np.abs(points[:, :4]) == pytest.approx(np.abs(expected), abs=1e-3)


def test_projected_distances_are_nearly_those_of_hellinger_whatever_else_there_is(tmp_path: Path) -> None:
    features = np.random.default_rng(0).random((40, 300)).astype(np.float32)
    held, places = arrays(tmp_path, features)
    points, roots = projected(held, places, 256), hellinger(features)
    ratio = np.linalg.norm(points[1:] - points[0], axis=1) / np.linalg.norm(roots[1:] - roots[0], axis=1)
    assert ratio == pytest.approx(np.ones(39), abs=0.2)
    assert projected(held, places[:3], 256) == pytest.approx(points[:3], abs=1e-6)
    assert projected(held, places[:0], 256).shape == (0, 256)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_small_and_constant_sets_have_finite_points(tmp_path: Path, n: int) -> None:
    points = principal(*arrays(tmp_path, np.ones((n, 8), np.float32)), 4, 0.3)
    assert len(points) == n
    assert np.isfinite(points).all()


def test_the_components_of_a_sample_serve_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features = np.random.default_rng(0).random((60, 6)).astype(np.float32)
    monkeypatch.setattr("tasks.features.SAMPLE", 40)
    monkeypatch.setattr("tasks.features.BATCH", 7)
    assert principal(*arrays(tmp_path, features), 6, 0.0).shape == (60, 7)


def test_the_nearest_come_first_with_their_squared_distance() -> None:
    points = np.array([[0, 0], [3, 4], [0, 1]], np.float32)
    distances, found = nearest(points[:1], points, 3)
    assert found.tolist() == [[0, 2, 1]]
    assert distances.tolist() == [[0, 1, 25]]
