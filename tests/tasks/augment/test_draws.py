import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tasks.augment.draws import ROWS, Draws, pool

STEP = tf.constant(5, tf.int64)
MANY = 4000


def draws(seed: int = 0, step: tf.Tensor = STEP) -> Draws:
    return Draws(pool(seed, step, MANY))


def test_uniform_numbers_fill_their_range_evenly() -> None:
    numbers = draws().uniform([MANY, 3], -2, 3).numpy().ravel()
    assert numbers.dtype == np.float32
    assert stats.kstest(numbers, stats.uniform(-2, 5).cdf).pvalue > 1e-3


def test_noise_is_normal_and_no_neighbour_tells_of_another() -> None:
    noise = draws().noise([8, 32, 32, 3]).numpy()
    assert stats.kstest(noise.ravel(), stats.norm.cdf).pvalue > 1e-3
    for axis in range(4):
        assert abs(np.mean(noise * np.roll(noise, 1, axis))) < 0.03


def test_signs_and_events_come_as_often_as_they_should() -> None:
    here = draws()
    assert set(here.sign([MANY]).numpy()) == {-1.0, 1.0}
    assert np.mean(here.sign([MANY])) == pytest.approx(0, abs=0.06)
    assert np.mean(here.happens([MANY], 0.2)) == pytest.approx(0.2, abs=0.03)


def test_a_permutation_has_each_number_once() -> None:
    assert sorted(draws().permutation(50).numpy()) == list(range(50))


def test_each_call_seed_and_step_has_numbers_of_its_own() -> None:
    here = draws()
    numbers = [here.uniform([9]), here.uniform([9]), draws(1).uniform([9]), draws(step=STEP + 1).uniform([9])]
    numbers += [here.noise([9]), here.noise([9]), draws(1).noise([9])]
    assert len(np.unique(np.stack(numbers), axis=0)) == len(numbers)


def test_xla_draws_the_same_bits() -> None:
    compiled = tf.function(lambda step: pool(3, step, 7), jit_compile=True)
    assert (compiled(STEP).numpy() == pool(3, STEP, 7).numpy()).all()


def test_one_draw_too_many_is_an_error() -> None:
    here = Draws(pool(0, STEP, 2))
    for _ in range(ROWS):
        here.uniform([2])
    with pytest.raises(IndexError, match=f"a step takes at most {ROWS} draws"):
        here.uniform([2])
