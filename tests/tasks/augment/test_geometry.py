import numpy as np
import pytest
import tensorflow as tf

from tasks.augment import geometry

SIDE, N = 20, 6
RNG = np.random.default_rng(0)
IMAGES = tf.constant(RNG.uniform(0, 255, (N, SIDE, SIDE, 3)), tf.float32)
ONE = tf.ones(N)


def warped(matrices: tf.Tensor) -> np.ndarray:
    return geometry.warp(IMAGES, matrices).numpy()


@pytest.mark.parametrize(
    ("matrices", "expected"),
    [
        (geometry.translation(0 * ONE, 0 * ONE), lambda x: x),
        (geometry.scaling(-ONE, ONE), lambda x: x[:, :, ::-1]),
        (geometry.scaling(ONE, -ONE), lambda x: x[:, ::-1]),
        (geometry.rotation(0.25 * ONE), lambda x: np.rot90(x, 1, (1, 2))),
        (geometry.rotation(-0.5 * ONE), lambda x: np.rot90(x, 2, (1, 2))),
        (geometry.translation(3 * ONE, 0 * ONE), lambda x: np.concatenate([x[:, :, 2::-1], x[:, :, :-3]], axis=2)),
        (geometry.translation(0 * ONE, -2 * ONE), lambda x: np.concatenate([x[:, 2:], x[:, :-3:-1]], axis=1)),
        (geometry.translation(0.5 * ONE, 0 * ONE), lambda x: (x + np.concatenate([x[:, :, :1], x[:, :, :-1]], 2)) / 2),
        (geometry.translation(2.0 * SIDE * ONE, 0 * ONE), lambda x: x),
        (geometry.translation(ONE * SIDE, 0 * ONE), lambda x: x[:, :, ::-1]),
    ],
    ids=["still", "mirrored", "upside-down", "quarter", "half", "right", "up", "half-pixel", "twice", "once"],
)  # fmt: skip
def test_what_a_matrix_does(matrices: tf.Tensor, expected) -> None:
    assert warped(matrices) == pytest.approx(expected(IMAGES.numpy()), abs=0.01)


def test_the_first_of_a_product_happens_first() -> None:
    both = geometry.rotation(0.25 * ONE) @ geometry.translation(3 * ONE, 0 * ONE)
    turned = geometry.warp(IMAGES, geometry.rotation(0.25 * ONE))
    assert warped(both) == pytest.approx(
        geometry.warp(turned, geometry.translation(3 * ONE, 0 * ONE)).numpy(), abs=0.01
    )


def test_zoom_makes_larger_and_shear_moves_rows_across() -> None:
    spot = np.zeros((1, SIDE, SIDE, 3), np.float32)
    spot[0, 4:7, 9:11] = 255
    two = tf.constant([2.0])
    assert geometry.warp(spot, geometry.scaling(two, two)).numpy().sum() > 2 * spot.sum()
    sheared = geometry.warp(spot, geometry.shear(two / 4, 0 * two)).numpy()[0, ..., 0]
    # Rows 4 to 6 lie 4.5 above the middle: half as far to the left.
    assert np.average(np.arange(SIDE), weights=sheared.sum(axis=0)) == pytest.approx(9.5 - 4.5 / 2, abs=0.05)


def test_it_agrees_with_tensorflow_s_own_transform() -> None:
    draw = lambda reach: tf.constant(RNG.uniform(-reach, reach, N), tf.float32)  # noqa: E731
    matrices = geometry.translation(draw(9), draw(9)) @ geometry.rotation(draw(0.5)) @ geometry.shear(draw(1), draw(1))
    middle = (SIDE - 1) / 2
    to, back = (geometry.translation(sign * middle * ONE, sign * middle * ONE) for sign in (1, -1))
    flat = tf.reshape(back @ matrices @ to, [N, 9])
    expected = tf.raw_ops.ImageProjectiveTransformV3(
        images=IMAGES,
        transforms=(flat / flat[:, 8:])[:, :8],
        output_shape=[SIDE, SIDE],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    assert warped(matrices) == pytest.approx(expected.numpy(), abs=0.1)
