import numpy as np
import pytest
from scipy import ndimage

from tasks.corruptions import optics

SIDE = 48
FLAT = np.full((SIDE, SIDE, 3), 0.5, np.float32)
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE] / SIDE
RAMP = np.repeat(ROWS[..., None], 3, axis=2).astype(np.float32)
"""Each pixel's value is where it lies, down: what a warp makes of it tells where each pixel came from."""
INNER = slice(SIDE // 4, -SIDE // 4)
"""Away from the edges, beyond which a warp has nothing to read."""


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("function", [optics.elastic, optics.chromatic_aberration, optics.zoom_blur])
def test_what_only_moves_light_leaves_an_even_image_as_it_is(function) -> None:
    assert function(FLAT, 1.1, rng()) == pytest.approx(FLAT, abs=1e-6)


def test_elastic_moves_by_its_reach_in_all_channels_alike() -> None:
    moves = np.stack([optics.elastic(RAMP, 0.03, rng(seed)) - RAMP for seed in range(40)])
    assert (moves[..., 0] == moves[..., 1]).all()
    assert (moves[..., 0] == moves[..., 2]).all()
    assert moves[:, INNER].mean() == pytest.approx(0, abs=0.003)
    assert moves[:, INNER].std() == pytest.approx(0.03, rel=0.25)  # between its knots a spline deviates less


def test_elastic_is_smooth() -> None:
    # Points move in groups: what stands in one order stays in it, up to the strength of severity 2.
    for seed in range(10):
        assert (np.diff(optics.elastic(RAMP, 0.016, rng(seed))[INNER, :, 0], axis=0) > 0).all()


def test_illumination_has_the_mean_gain_1_and_the_depth_it_is_told() -> None:
    for seed in range(10):
        gain = optics.illumination(FLAT, 0.6, rng(seed)) / FLAT
        assert gain.mean() == pytest.approx(1, abs=1e-5)
        assert np.ptp(gain) == pytest.approx(0.6, abs=1e-5)
        assert (gain[..., 0] == gain[..., 1]).all()
        assert abs(np.diff(gain, axis=0)).max() < 0.06  # a tenth of the depth: no edges


def test_illumination_comes_from_every_direction() -> None:
    tilts = []
    for seed in range(60):
        light = optics.illumination(FLAT, 0.6, rng(seed))[..., 0]
        tilts.append(np.degrees(np.arctan2((light * (ROWS - 0.5)).sum(), (light * (COLUMNS - 0.5)).sum())) % 360)
    assert (np.histogram(tilts, 4, (0, 360))[0] >= 6).all()


def test_haze_adds_light_of_the_lamp_s_colour_where_the_cloud_is() -> None:
    image = np.zeros((SIDE, SIDE, 3), np.float32)
    image[:2] = (0.8, 0.6, 0.4)
    cloud = optics.haze(image, 1.0, rng())[2:] / (0.8, 0.6, 0.4)
    assert np.ptp(cloud, axis=2).max() < 1e-6
    assert np.ptp(cloud) > 0.5
    assert abs(np.diff(cloud, axis=0)).max() < 0.1 * np.ptp(cloud)


def test_haze_keeps_the_exposure() -> None:
    for seed in range(5):
        assert optics.haze(FLAT, 2.0, rng(seed)).mean() == pytest.approx(0.5, abs=1e-5)


def test_red_is_magnified_blue_made_smaller_and_green_untouched() -> None:
    aberrated = optics.chromatic_aberration(RAMP, 0.05, rng())
    slopes = np.diff(aberrated[INNER], axis=0).mean(axis=(0, 1)) * SIDE
    assert slopes == pytest.approx([1 / 1.05, 1, 1 / 0.95], rel=1e-3)
    assert (aberrated[..., 1] == RAMP[..., 1]).all()


def test_the_optical_axis_lies_off_the_image_s_middle() -> None:
    for seed in range(20):
        moved = [optics.chromatic_aberration(turn, 0.05, rng(seed)) - turn for turn in (RAMP, RAMP.swapaxes(0, 1))]
        shift = np.hypot(*(move[SIDE // 2, SIDE // 2, 0] for move in moved)) / (1 - 1 / 1.05)
        assert optics.FIELD[0] - 0.02 < shift < optics.FIELD[1] + 0.02


def test_zoom_blur_is_the_mean_over_magnifications_about_its_centre(
    smear: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optics, "OFF_CENTRE", 0.0)
    image, middle = smear[0] / np.float32(255), (SIDE - 1) / 2
    places = np.indices((SIDE, SIDE)) - middle
    moments = [
        np.stack([ndimage.map_coordinates(image[..., k], middle + places / zoom, order=1) for k in range(3)], axis=2)
        for zoom in np.geomspace(1, 1.25, 16)
    ]
    wrong = optics.zoom_blur(image, 1.25, rng()) - np.mean(moments, axis=0)
    assert np.sqrt(np.square(wrong).mean()) < 0.01  # each pass interpolates once more than the mean of moments does
    assert np.sqrt(np.square(image - np.mean(moments, axis=0)).mean()) > 0.05


def test_the_middle_of_an_image_lies_between_its_middle_pixels(
    smear: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optics, "OFF_CENTRE", 0.0)
    image = smear[0] / np.float32(255)
    mirrored = optics.zoom_blur(image[::-1, ::-1], 1.25, rng())[::-1, ::-1]
    assert mirrored == pytest.approx(optics.zoom_blur(image, 1.25, rng()), abs=1e-5)


def test_the_centre_of_a_zoom_is_drawn() -> None:
    blurs = [optics.zoom_blur(RAMP, 1.25, rng(seed))[INNER, 0, 0] for seed in range(20)]
    centres = [ROWS[INNER, 0][abs(blur - ROWS[INNER, 0]).argmin()] for blur in blurs]  # a centre stays where it is
    assert 0.33 < min(centres) < 0.45
    assert 0.55 < max(centres) < 0.67
