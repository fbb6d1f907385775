import numpy as np
import pytest
from scipy.stats import norm

from tasks.outliers.detector import detect, limit, robust_z


def bulk(n: int, seed: int = 0) -> np.ndarray:
    """A set with one kind of image: normal in all directions."""
    return np.random.default_rng(seed).normal(size=(n, 10)).astype(np.float32)


def outliers(points: np.ndarray, neighbours: int = 30, false_alarm: float = 0.05) -> list[int]:
    found = detect(points, np.ones(len(points), bool), neighbours, false_alarm)
    return np.flatnonzero(found.scores > found.limit).tolist()


def test_an_outlier_stands_out_and_no_other() -> None:
    points = bulk(400)
    points[17] = 9
    assert outliers(points) == [17]


def test_outliers_of_one_kind_do_not_hide_each_other() -> None:
    points = bulk(400)
    points[:10] = 9 + np.random.default_rng(1).random((10, 10)) * 0.1
    assert outliers(points) == list(range(10))


def test_more_outliers_of_one_kind_than_neighbours_go_with_one_that_stands_alone() -> None:
    points = bulk(400)
    points[:45] = 4 + 1.5 * np.random.default_rng(1).normal(size=(45, 10))
    kth = np.sort(np.linalg.norm(points[:, None] - points[None], axis=2), axis=1)[:, 30]
    at_first = robust_z(np.log(kth), np.ones(400, bool)) > limit(400, 0.05)
    assert 0 < at_first.sum() < 45
    assert outliers(points) == list(range(45))


def test_what_is_not_of_the_bulk_is_scored_too_and_changes_no_other_score() -> None:
    points = bulk(300)
    with_copy = np.concatenate([points, points[:1], np.full((1, 10), 9, np.float32)])
    alone = detect(points, np.ones(300, bool), 30, 0.05)
    found = detect(with_copy, np.arange(302) < 300, 30, 0.05)
    assert found.scores[:300] == pytest.approx(alone.scores)
    assert found.scores[301] > found.limit
    assert found.scores[300] == pytest.approx(found.scores[0], abs=0.5)


def test_the_neighbour_that_counts_is_the_kth_of_the_bulk_beside_the_image_itself() -> None:
    points = bulk(60)
    members = np.arange(60) < 50
    distances = np.linalg.norm(points[:, None] - points[None, members], axis=2)
    kth = np.sort(distances, axis=1)[np.arange(60), np.where(members, 5, 4)]  # its own distance of 0 comes first
    expected = robust_z(np.log(kth), members)
    assert detect(points, members, 100, 0.05).scores == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 8])
def test_small_sets_have_finite_scores(n: int) -> None:
    found = detect(bulk(n), np.ones(n, bool), 150, 0.05)
    assert found.scores.shape == (n,)
    assert np.isfinite(found.scores).all()
    assert (found.scores <= found.limit).all() or n > 3


def test_equal_images_score_zero() -> None:
    assert (detect(np.ones((50, 10), np.float32), np.ones(50, bool), 30, 0.05).scores == 0).all()


def test_robust_z_is_in_standard_deviations_of_the_bulk() -> None:
    values = np.append(np.random.default_rng(0).normal(5, 2, 20_000), [1e9] * 500)
    z = robust_z(values, values < 1e8)
    assert z[:-500].std() == pytest.approx(1, abs=0.03)
    assert np.median(z[:-500]) == 0


def test_small_sets_have_the_limit_of_a_larger_one() -> None:
    assert limit(0, 0.05) == limit(9_999, 0.05) == limit(10_000, 0.05) < limit(10_001, 0.05)


@pytest.mark.parametrize("n", [10_000, 10**6])
def test_no_regular_value_of_a_set_exceeds_the_limit_but_with_the_false_alarm_s_probability(n: int) -> None:
    assert norm.cdf(limit(n, 0.05)) ** n == pytest.approx(0.95, abs=1e-6)
