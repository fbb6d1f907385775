import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tasks.augment import randaugment
from tasks.augment.draws import Draws, pool
from tasks.augment.randaugment import GEOMETRIC, OPERATIONS, OTHERS

SIDE = 16
WITHOUT_STRENGTH = ["identity", "autocontrast", "equalize"]
WAVES = np.cos(np.linspace(0, 9, SIDE))[:, None, None] + np.sin(np.linspace(0, 7, SIDE))[None, :, None]
SMOOTH = tf.constant((110 + 35 * WAVES * np.array([1, 0.5, -0.5]))[None], tf.float32)


def draws(step: int, n: int) -> Draws:
    return Draws(pool(0, tf.constant(step, tf.int64), n))


def changed(name: str, strength: float) -> np.ndarray:
    s = tf.constant([strength])
    if name in GEOMETRIC:
        return randaugment.geometry.warp(SMOOTH, GEOMETRIC[name](s, SIDE)).numpy()
    return OTHERS[name](SMOOTH, s).numpy()


def operation_of_each(step: int, n: int) -> np.ndarray:
    seated = randaugment.seating(n, draws(step, n)).numpy()
    return np.argsort(seated)[:n] // (len(seated) // len(OPERATIONS))


def test_the_operations_are_the_paper_s_14() -> None:
    assert len(set(OPERATIONS)) == 14


@pytest.mark.parametrize("n", [1, 5, 20])
def test_each_image_meets_each_operation_as_often(n: int) -> None:
    met = np.stack([operation_of_each(step, n) for step in range(500)])
    for place in {0, n - 1}:
        counts = np.bincount(met[:, place], minlength=len(OPERATIONS))
        assert stats.chisquare(counts).pvalue > 1e-3


def test_no_operation_has_more_than_its_share_of_a_batch() -> None:
    assert np.bincount(operation_of_each(0, 28), minlength=14).tolist() == [2] * 14
    assert np.bincount(operation_of_each(0, 29), minlength=14).max() <= 3


def test_each_result_belongs_to_its_image() -> None:
    levels = np.arange(20, dtype=np.float32) * 10 + 20
    images = tf.constant(np.broadcast_to(levels[:, None, None, None], (20, SIDE, SIDE, 3)))
    # Of even images most operations change nothing, and a mix-up would show in nearly all of them.
    result = randaugment.layer(images, 0.05, draws(0, 20)).numpy().mean(axis=(1, 2, 3))
    assert np.mean(np.abs(result - levels) < 8) > 0.75


@pytest.mark.parametrize("magnitude", [0.0, 0.3, 1.0])
def test_strengths_lie_about_the_magnitude_to_either_side(magnitude: float) -> None:
    found = randaugment.strengths([14, 30], magnitude, draws(0, 420)).numpy()
    assert np.abs(found).max() <= min(1, 1.5 * magnitude) + 1e-6
    assert np.abs(found).min() >= 0.5 * magnitude - 1e-6
    if 0 < magnitude < 2 / 3:
        assert np.abs(found).mean() == pytest.approx(magnitude, rel=0.05)
    if magnitude:
        assert 0.4 < np.mean(found > 0) < 0.6


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in WITHOUT_STRENGTH])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_strength_0_changes_nothing_and_a_greater_one_more(name: str, sign: float) -> None:
    changes = [float(np.abs(changed(name, sign * strength) - SMOOTH).mean()) for strength in (0.0, 0.3, 1.0)]
    assert changes[0] < 0.51  # posterize rounds
    assert changes[0] < changes[1] < changes[2]


@pytest.mark.parametrize("name", WITHOUT_STRENGTH)
def test_three_know_no_strength(name: str) -> None:
    assert (changed(name, 0.0) == changed(name, 1.0)).all()
    assert (changed(name, 0.0) == SMOOTH).numpy().all() == (name == "identity")
