import numpy as np
import pytest

from tasks.outliers.detector import _hellinger, robust_z, scores


def bulk(n: int, seed: int = 0) -> np.ndarray:
    """Features of a set with one kind of picture: noise around a common pattern, all values positive."""
    rng = np.random.default_rng(seed)
    return np.abs(2 + 0.5 * rng.normal(size=(n, 40))).astype(np.float32)


def test_a_foreign_picture_stands_out_and_no_other() -> None:
    features = bulk(400)
    features[17] = np.roll(features[17], 7) * np.linspace(0, 3, 40)
    found = np.flatnonzero(scores(features, 20, 0.3, 30) > 4.5)
    assert found.tolist() == [17]


def test_several_foreign_pictures_of_one_kind_do_not_hide_each_other() -> None:
    features = bulk(400)
    strange = np.linspace(0, 4, 40)
    features[:10] = strange + np.random.default_rng(1).random((10, 40)) * 0.1
    z = scores(features, 20, 0.3, 30)
    assert (z[:10] > 4.5).all()
    assert (z[10:] < 4.5).all()


def test_the_order_of_the_rows_hardly_changes_a_score() -> None:
    features = bulk(200)
    order = np.random.default_rng(2).permutation(200)
    assert scores(features[order], 20, 0.3, 30) == pytest.approx(scores(features, 20, 0.3, 30)[order], abs=0.02)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 8])
def test_small_sets_have_finite_scores(n: int) -> None:
    z = scores(bulk(n), 128, 0.3, 150)
    assert z.shape == (n,)
    assert np.isfinite(z).all()


def test_equal_pictures_score_zero() -> None:
    assert (scores(np.ones((50, 40), np.float32), 20, 0.3, 30) == 0).all()


def test_features_become_square_roots_of_unit_length() -> None:
    roots = _hellinger(np.array([[1, 3], [16, 0], [0, 0]], np.float32))
    assert roots == pytest.approx(np.array([[0.5, 0.75**0.5], [1, 0], [0, 0]]))


def test_whitening_makes_quiet_directions_count() -> None:
    features = bulk(400)
    features[:, 0] = np.abs(2 + 3 * np.random.default_rng(3).normal(size=400))  # cells vary a lot in this one
    features[:, 1] = 2
    features[17, 1] = 4.5  # and in this one only the foreign picture does
    assert scores(features, 40, 0.8, 30)[17] > 1.3 * scores(features, 40, 0.0, 30)[17] > 0


def test_robust_z_is_in_standard_deviations() -> None:
    values = np.random.default_rng(0).normal(5, 2, 20_000)
    assert robust_z(values).std() == pytest.approx(1, abs=0.03)
    assert np.median(robust_z(values)) == 0
