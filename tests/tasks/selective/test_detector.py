import numpy as np
import pytest

from tasks.selective import detector
from tasks.selective.detector import Space

RNG = np.random.default_rng(0)
PLANE = np.linalg.qr(RNG.normal(size=(20, 3))).Q.T


def inside(count: int) -> np.ndarray:
    """Features near a plane, of any length."""
    near = 3 * PLANE[0] + RNG.normal(size=(count, 2)) @ PLANE[1:] + RNG.normal(0, 0.01, (count, 20))
    return (near * RNG.uniform(0.5, 2, (count, 1))).astype(np.float32)


def fitted(rows: int = 500, components: int = 2) -> detector.Detector:
    return detector.fit(inside(rows), [20], components, inside(200))


def test_what_lies_beside_the_space_of_cells_scores_higher_than_all_that_lies_in_it() -> None:
    beside = (inside(50) + 2 * np.eye(20)[RNG.integers(0, 20, 50)]).astype(np.float32)
    cells = fitted(components=3)
    assert cells.score(beside).min() > cells.score(inside(200)).max()


def test_the_residual_is_the_distance_from_the_space() -> None:
    flat = Space(np.zeros(3, np.float32), np.eye(3, dtype=np.float32)[:2])
    features = np.array([[3, 4, 0.0], [0, 0, 5], [3, 0, 4]], np.float32)
    assert np.exp(flat.residual(features)) == pytest.approx([0, 1, 0.8], abs=1e-6)


def test_cells_score_about_nothing() -> None:
    score = fitted().score(inside(300))
    assert score.mean() == pytest.approx(0, abs=0.2)
    assert score.std() == pytest.approx(1, abs=0.2)


def test_the_score_is_the_mean_over_the_blocks() -> None:
    two, others = np.hstack([inside(100), inside(100)]), np.hstack([inside(50), inside(50)])
    both = detector.fit(two, [20, 20], 2, others)
    first, second = (detector.fit(two[:, part], [20], 2, others[:, part]) for part in (slice(20), slice(20, 40)))
    expected = (first.score(others[:, :20]) + second.score(others[:, 20:])) / 2
    assert both.score(others) == pytest.approx(expected, abs=1e-4)


def test_the_length_of_features_says_nothing() -> None:
    cells, features = fitted(), inside(10)
    assert cells.score(7 * features) == pytest.approx(cells.score(features), abs=1e-2)


def test_features_that_are_all_zero_have_a_high_score() -> None:
    score = fitted().score(np.zeros((2, 20), np.float32))
    assert np.isfinite(score).all()
    assert score.min() > 3


@pytest.mark.parametrize(("rows", "components"), [(5, 5), (100, 20)])
def test_more_components_than_rows_or_dimensions_are_refused(rows: int, components: int) -> None:
    with pytest.raises(ValueError, match=f"components must be below the {rows} images and the 20 .*got {components}"):
        fitted(rows, components)


def test_the_same_features_give_the_same_bits() -> None:
    features = inside(100)
    one, two = (detector.fit(features, [20], 3, features) for _ in range(2))
    assert (one.spaces[0].components == two.spaces[0].components).all()
    assert one.spaces[0].components.dtype == one.score(features).dtype == np.float32
