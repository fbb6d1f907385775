import numpy as np
import pytest

from tasks.corruptions import sensor

SIDE = 96


def flat(level: float) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), level, np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("photons", [15, 100])
@pytest.mark.parametrize("level", [0.2, 0.5, 0.8])
def test_the_variance_of_shot_noise_grows_with_the_light(level: float, photons: int) -> None:
    noisy = sensor.shot_noise(flat(level), photons, rng())
    assert noisy.mean() == pytest.approx(level, rel=0.02)
    assert noisy.var() == pytest.approx(level / photons, rel=0.05)


def test_photons_are_counted_whole() -> None:
    counts = sensor.shot_noise(flat(0.3), 15, rng()) * 15
    assert counts == pytest.approx(np.rint(counts), abs=1e-4)


def test_half_of_the_defect_pixels_are_dead_and_half_are_hot() -> None:
    noisy = sensor.impulse_noise(flat(0.4), 0.2, rng())
    assert (noisy == 0).mean() == pytest.approx(0.1, abs=0.01)
    assert (noisy == 1).mean() == pytest.approx(0.1, abs=0.01)
    assert (noisy == np.float32(0.4)).mean() == pytest.approx(0.8, abs=0.01)


def test_a_pixel_is_lost_for_one_colour() -> None:
    lost = sensor.impulse_noise(flat(0.4), 0.1, rng()) != np.float32(0.4)
    assert np.corrcoef(lost[..., 0].ravel(), lost[..., 1].ravel())[0, 1] == pytest.approx(0, abs=0.05)


def test_defects_stay_defects_where_there_are_more() -> None:
    few, many = (sensor.impulse_noise(flat(0.4), share, rng()) for share in (0.05, 0.2))
    assert (many[few == 0] == 0).all()
    assert (many[few == 1] == 1).all()


def test_flicker_makes_bands_of_its_depth_along_rows_or_columns() -> None:
    along_rows = 0
    for seed in range(20):
        bands = sensor.flicker(flat(0.5), 0.3, rng(seed))[..., 0] / 0.5 - 1
        even_rows, even_columns = (np.ptp(bands, axis=axis).max() == 0 for axis in (1, 0))
        assert even_rows != even_columns
        along_rows += even_rows
        assert abs(bands).max() == pytest.approx(0.3, rel=0.05)
    assert 4 < along_rows < 16


def test_the_bands_are_as_many_as_the_lamp_s_periods() -> None:
    counts = []
    for seed in range(40):
        bands = sensor.flicker(flat(0.5), 0.3, rng(seed))[..., 0] - 0.5
        line = bands[:, 0] if np.ptp(bands[:, 0]) else bands[0]
        counts.append(abs(np.fft.rfft(line)).argmax())
    assert min(counts) in (4, 5)
    assert max(counts) in (11, 12)
