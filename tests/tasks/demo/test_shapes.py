import numpy as np
import pytest

from tasks.demo import shapes
from tasks.demo.shapes import Plane

# Two points of a plane, a row of pixels: what is said of them holds for every pixel.
X = np.asarray([[0, 5, 10, 20]], np.float32)
ROW = Plane(X, np.zeros_like(X))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        pytest.param(shapes.ellipse(ROW, 10, 10), [-10, -5, 0, 10], id="circle"),
        pytest.param(shapes.ellipse(ROW, 10, 10, x=5), [-5, -10, -5, 5], id="circle off the middle"),
        pytest.param(shapes.ellipse(ROW, 20, 10), [-10, -7.5, -5, 0], id="ellipse"),
        pytest.param(shapes.bridge(ROW, (5, 3), (5, -3), 4), [3, -2, 3, 13], id="rod"),
        pytest.param(shapes.bridge(ROW, (0, 0), (10, 0), 4), [-2, -2, -2, 8], id="rod lengthwise"),
        pytest.param(shapes.bridge(ROW, (5, 0), (5, 0), 4), [3, -2, 3, 13], id="rod of no length"),
    ],
)
def test_distance(distance, expected):
    np.testing.assert_allclose(distance, [expected], atol=1e-4)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(-3.0, 9.0, -3.0, id="far apart: the nearer one"),
        pytest.param(1.0, 1.0, 0.0, id="equally near: swollen by a quarter of the fillet"),
        pytest.param(2.0, 6.0, 2.0, id="just apart"),
    ],
)
def test_union_melts_what_is_near(one, other, expected):
    melted = shapes.union(np.full((1, 1), one, np.float32), np.full((1, 1), other, np.float32), 4)
    assert melted.item() == pytest.approx(expected)


def test_cover_falls_from_one_to_zero_over_the_edge():
    edge = np.asarray([[-9, -1, -0.5, 0, 0.5, 1, 9]], np.float32)
    np.testing.assert_allclose(shapes.cover(edge, 2), [[1, 1, 0.84375, 0.5, 0.15625, 0, 0]])


def test_plane_is_turned_about_its_centre_without_stretch():
    at = shapes.plane(rng(), 10, -4)
    distance = np.sqrt(at.x**2 + at.y**2)
    middle = (shapes.SIDE - 1) / 2
    assert distance[0, 0] == pytest.approx(np.hypot(middle + 10, middle - 4), rel=1e-5)
    assert np.unravel_index(distance.argmin(), distance.shape) == (43, 57)


def test_planes_are_turned_every_way():
    generator = rng()
    downhill = [np.diff(shapes.plane(generator, 0, 0).x[0, :2]).item() for _ in range(20)]
    assert min(downhill) < -0.8
    assert max(downhill) > 0.8


def test_wobble_moves_no_pixel_farther_than_it_says():
    still, warped = shapes.plane(rng(), 0, 0), shapes.plane(rng(), 0, 0, wobble=3)
    moved = np.abs(np.stack(warped) - np.stack(still))
    assert 1 < moved.max() <= 3


@pytest.mark.parametrize("period", [2.2, 7, 16, 60, 200])
def test_noise_is_bounded_and_smoother_the_longer_its_period(period):
    values = shapes.noise(rng(), period)
    assert (values.shape, values.dtype) == ((shapes.SIDE, shapes.SIDE), np.float32)
    assert np.abs(values).max() <= 1
    assert np.abs(np.diff(values, axis=0)).max() <= 1.5 * 2 / period + 1e-5  # the steepest easing between -1 and 1
    assert np.abs(np.diff(values, axis=1)).max() <= 1.5 * 2 / period + 1e-5


@pytest.mark.parametrize(
    ("radius", "filled", "low", "high"),
    [
        pytest.param(1.5, 0.0, 0, 0, id="none"),
        pytest.param(1.0, 0.5, 0.03, 0.07, id="half of the squares: pi / 2 / 36"),
        pytest.param(1.0, 1.0, 0.07, 0.12, id="each square: pi / 36"),
        pytest.param(9.0, 1.0, 1, 1, id="larger than their squares"),
    ],
)
def test_grains_cover_their_share(radius, filled, low, high):
    assert low <= shapes.grains(rng(), 6, radius, filled).mean() <= high
