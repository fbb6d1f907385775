import numpy as np
import pytest
import tensorflow as tf

from tasks.augment import blur, masks
from tasks.augment.strengths import FILL

SIDE = 40
ZEROS = tf.zeros([1, SIDE, SIDE, 3])


def cut(result: tf.Tensor) -> np.ndarray:
    """Where one image was cut, bool (side, side)."""
    assert set(np.unique(result)) <= {0.0, FILL}
    return result.numpy()[0, ..., 0] == FILL


@pytest.mark.parametrize(
    ("share", "centre", "rows", "columns"),
    [
        (0.5, (0.5, 0.5), (10, 30), (10, 30)),
        (0.5, (0.0, 1.0), (0, 10), (30, 40)),
        (0.1, (0.25, 0.5), (8, 12), (18, 22)),
        (1.0, (0.5, 0.5), (0, 40), (0, 40)),
    ],
    ids=["middle", "corner", "small", "all"],
)
def test_the_square_lies_where_it_should(share: float, centre: tuple, rows: tuple, columns: tuple) -> None:
    expected = np.zeros((SIDE, SIDE), bool)
    expected[slice(*rows), slice(*columns)] = True
    assert (cut(masks.square(ZEROS, tf.constant([share]), tf.constant([centre]))) == expected).all()


@pytest.mark.parametrize("turns", [0.0, 0.1])
@pytest.mark.parametrize(("share", "area"), [(0.0, 0.0), (0.25, 0.0625), (0.5, 0.25)])
def test_the_grid_takes_the_square_of_its_share(share: float, area: float, turns: float) -> None:
    numbers = (tf.constant([value], tf.float32) for value in (4.0, share, turns))
    result = cut(masks.grid(ZEROS, *numbers, tf.zeros([1, 2])))
    assert result.mean() == pytest.approx(area, abs=0.03)


def test_the_grid_has_so_many_squares_along_a_side() -> None:
    numbers = (tf.constant([value], tf.float32) for value in (4.0, 0.5, 0.0))
    result = cut(masks.grid(ZEROS, *numbers, tf.constant([[0.25, 0.25]])))
    row = result[result.any(axis=1)][0]
    assert np.count_nonzero(np.diff(row.astype(int)) == 1) + row[0] == 4 + (row[0] and row[-1])


def test_blur_has_the_deviation_that_it_is_given() -> None:
    point = np.zeros((2, SIDE, SIDE, 3), np.float32)
    point[:, 20, 20] = 255
    still, blurred = blur.gaussian(tf.constant(point), tf.constant([0.0, 2.5])).numpy()
    assert still == pytest.approx(point[0])
    assert blurred.sum() == pytest.approx(point[1].sum(), rel=1e-3)
    along = blurred[..., 0].sum(axis=0) / blurred[..., 0].sum()
    assert np.sqrt(along @ (np.arange(SIDE) - 20) ** 2) == pytest.approx(2.5, abs=0.01)
    assert blurred == pytest.approx(blurred.transpose(1, 0, 2), abs=1e-4)


def test_blur_leaves_an_even_image_even_up_to_its_edge() -> None:
    assert blur.gaussian(ZEROS + 77, tf.constant([3.0])).numpy() == pytest.approx(77, abs=1e-2)
