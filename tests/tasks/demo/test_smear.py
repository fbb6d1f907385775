import numpy as np
import pytest

from tasks.demo import shapes, smear
from tasks.demo.smear import BLUISH, MAIN, AcquisitionBatch, Cell, Layer

WHOLE = np.ones((shapes.SIDE, shapes.SIDE), np.float32)
NOTHING = Cell(0, 0 * WHOLE, [])


def shot(seed: int, cell: Cell = NOTHING, acquisition_batch: AcquisitionBatch = MAIN) -> np.ndarray:
    return smear.photograph(np.random.default_rng(seed), cell, acquisition_batch)


@pytest.mark.parametrize(
    ("density", "strength", "expected"),
    [
        pytest.param(0, 1, (1, 1, 1), id="no stain"),
        pytest.param(1, 1, (0.8, 0.5, 0.1), id="full: what the stain lets through"),
        pytest.param(0.5, 1, (0.9, 0.75, 0.55), id="half as dense"),
        pytest.param(1, 0.5, (0.9, 0.75, 0.55), id="half as strong"),
        pytest.param(1, 3, (0.4, 0.03, 0.03), id="never quite black"),
    ],
)
def test_absorb(density, strength, expected):
    image = smear.absorb(np.ones((3, 1, 1), np.float32), Layer(WHOLE * density, (0.8, 0.5, 0.1)), strength * np.ones(3))
    np.testing.assert_allclose(image[:, 0, 0], expected, rtol=1e-6)


def test_a_photograph_is_uint8_rgb():
    pixels = shot(1)
    assert (pixels.shape, pixels.dtype) == ((96, 96, 3), np.uint8)


@pytest.mark.parametrize("seed", range(4))
def test_the_batches_differ_in_the_colour_of_the_light(seed):
    red, _, blue = shot(seed).mean((0, 1))
    assert red > blue + 15
    red, _, blue = shot(seed, acquisition_batch=BLUISH).mean((0, 1))
    assert blue > red + 5


@pytest.mark.parametrize("seed", range(4))
def test_no_red_cell_shines_through_a_cell(seed):
    bare = shot(seed, NOTHING._replace(radius=-99)).std((0, 1)).max()
    covered = shot(seed, Cell(-99, WHOLE, [])).std((0, 1)).max()
    assert covered < 5 < bare


@pytest.mark.parametrize("seed", range(4))
def test_red_cells_stay_clear_of_the_cell(seed):
    at = shapes.plane(np.random.default_rng(0), 0, 0)
    middle = shot(seed, NOTHING._replace(radius=40))[np.sqrt(at.x**2 + at.y**2) < 20]
    assert middle.std(0).max() < 5


def test_smoothing_keeps_the_light_and_spreads_a_point():
    point = np.zeros((3, shapes.SIDE, shapes.SIDE), np.float32)
    point[:, 0, 5] = 1
    down = smear._smooth(point, 0.25, 1)
    across = smear._smooth(point, 0.25, 2)
    np.testing.assert_allclose(down[0, :3, 5], [0.75, 0.25, 0])
    np.testing.assert_allclose(across[0, 0, 3:8], [0, 0.25, 0.5, 0.25, 0])
