"""What each kind of the benchmark does, by its own function, on light from 0 to 1."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage import color

from tasks.corruptions import blur, colour, encoding, specimen

SIDE = 48


@pytest.fixture
def light(smear: np.ndarray) -> np.ndarray:
    return smear[0] / np.float32(255)


@pytest.fixture
def point() -> np.ndarray:
    """A bright pixel in the middle of the dark."""
    image = np.zeros((SIDE + 1, SIDE + 1, 3), np.float32)
    image[SIDE // 2, SIDE // 2] = 1
    return image


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def hsv(image: np.ndarray) -> np.ndarray:
    return color.rgb2hsv(image)


@pytest.mark.parametrize("factor", [1.1, 1.4, 0.9, 0.5])
def test_brightness_moves_the_middle_tone_by_its_factor_and_not_the_ends(factor: float) -> None:
    tones = np.float32([[0, 0, 0], [0.6, 0.6, 0.6], [1, 1, 1], [0.6, 0.3, 0.15]]).reshape(2, 2, 3)
    black, middle, white, coloured = colour.brightness(tones, factor, rng()).reshape(4, 3)
    assert black == pytest.approx([0, 0, 0], abs=1e-6)
    assert middle == pytest.approx([0.6 * factor] * 3, abs=1e-5)
    assert white == pytest.approx([1, 1, 1], abs=1e-6)
    assert coloured == pytest.approx(np.array([0.6, 0.3, 0.15]) * factor, abs=1e-5)


@pytest.mark.parametrize(("factor", "sign"), [(1.1, 1), (1.4, 1), (0.9, -1), (0.5, -1)])
def test_brightness_up_brightens_and_down_darkens_every_pixel(light: np.ndarray, factor: float, sign: int) -> None:
    change = sign * (colour.brightness(light, factor, rng()) - light)
    assert change.min() > -1e-6
    assert change.mean() > 0.01


@pytest.mark.parametrize("factor", [1.1, 1.3, 0.9, 0.5])
def test_contrast_spreads_the_logarithm_of_light_about_its_mean_and_keeps_the_colour(
    light: np.ndarray, factor: float
) -> None:
    changed = colour.contrast(light, factor, rng())
    before, after = (np.log(image @ np.float32(colour.LUMA)) for image in (light, changed))
    assert after.std() == pytest.approx(factor * before.std(), rel=1e-4)
    assert after.mean() == pytest.approx(before.mean(), abs=1e-4)
    shares = [image / image.sum(axis=2, keepdims=True) for image in (light, changed)]
    assert shares[0] == pytest.approx(shares[1], abs=1e-5)


@pytest.mark.parametrize("more", [0.05, 0.2, 0.9])
def test_saturation_is_scikit_image_s_way_through_hsv(light: np.ndarray, more: float) -> None:
    image = light.copy()
    image[0, :3] = ((0.5, 0.5, 0.5), (0, 0, 0), (1, 1, 1))  # without a hue
    there = hsv(image)
    there[..., 1] = np.clip(there[..., 1] + more, 0, 1)
    assert colour.saturation(image, more, rng()) == pytest.approx(color.hsv2rgb(there), abs=1e-5)


def test_saturation_leaves_value_and_hue_alone(light: np.ndarray) -> None:
    before, after = hsv(light), hsv(colour.saturation(light, 0.2, rng()))
    assert after[..., 2] == pytest.approx(before[..., 2], abs=1e-6)
    assert abs((after[..., 0] - before[..., 0] + 0.5) % 1 - 0.5)[before[..., 1] > 0.02].max() < 1e-3
    assert (after[..., 1] - before[..., 1]).mean() == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("share", [0.042, 0.08])
def test_defocus_makes_a_ring_of_a_point(point: np.ndarray, share: float) -> None:
    blurred = blur.defocus_blur(point, share, rng())
    distance = np.hypot(*(np.indices(point.shape[:2]) - SIDE // 2))
    radius = share * len(point)
    assert blurred.sum(axis=(0, 1)) == pytest.approx(np.ones(3), abs=1e-4)
    assert not blurred[distance > radius + 1].any()
    assert not blurred[distance < blur.HOLE * radius - 1].any()
    assert blurred[..., 0] == pytest.approx(blurred[::-1, :, 1].T, abs=1e-6)


def test_a_motion_trails_off_to_one_side_by_its_deviation(point: np.ndarray) -> None:
    angles = []
    for seed in range(30):
        trail = blur.motion_blur(point, 0.05, rng(seed))[..., 0]
        down, across = np.indices(trail.shape) - SIDE // 2
        middle = (down * trail).sum(), (across * trail).sum()
        angles.append(np.degrees(np.arctan2(*middle)))
        # The mean of a half normal distribution that ends at twice its deviation.
        assert np.hypot(*middle) == pytest.approx(0.7227 * 0.05 * len(point), rel=0.03)
        assert trail.sum() == pytest.approx(1, abs=1e-5)
        assert not trail[np.hypot(down, across) > 2 * 0.05 * len(point) + 1.5].any()
    assert -45 <= min(angles) < -20
    assert 20 < max(angles) <= 45


def test_blur_is_scipy_s_convolution(light: np.ndarray) -> None:
    kernel = rng().random((5, 5)).astype(np.float32)
    expected = np.stack([ndimage.convolve(light[..., k], kernel, mode="mirror") for k in range(3)], axis=2)
    assert blur._convolved(light, kernel) == pytest.approx(expected, abs=1e-4)


def test_a_deposit_darkens_some_and_leaves_the_rest(light: np.ndarray) -> None:
    shares = []
    for seed in range(20):
        ink = 1 - specimen.stain_deposit(light, 0.07, rng(seed)) / light
        assert np.ptp(ink, axis=2).max() < 1e-5
        assert ink.max() == pytest.approx(specimen.INK, abs=1e-5)
        shares.append((ink > 1e-5).mean())
    assert 0.01 < min(shares) < max(shares) < 0.4


def test_there_are_one_to_three_deposits_whatever_their_size() -> None:
    white = np.ones((96, 96, 3), np.float32)
    counts = []
    for seed in range(60):
        small, large = (specimen.stain_deposit(white, size, rng(seed))[..., 0] < 1 for size in (0.02, 0.07))
        assert small.sum() < large.sum()
        counts.append(ndimage.label(ndimage.binary_dilation(small, iterations=5))[1])
    assert {1, 2, 3} <= set(counts)


def test_bubbles_are_pale_with_paler_rims_and_lie_inside() -> None:
    dark = np.zeros((224, 224, 3), np.float32)
    for seed in range(5):
        bubbles = specimen.bubble(dark, 15 / 224, rng(seed))[..., 0]
        assert 3 <= ndimage.label(bubbles)[1] <= 12  # some lie upon one another
        assert {round(float(level), 2) for level in bubbles[bubbles > 0.01]} >= {0.39, 0.51}
        assert bubbles.max() < 0.52
        assert bubbles[[0, -1]].max() <= specimen.RIM_LIGHT


@pytest.mark.parametrize("share", [0.6, 0.25])
def test_pixelate_leaves_as_many_pixels_as_it_says(light: np.ndarray, share: float) -> None:
    changed = encoding.pixelate(light, share, rng())
    assert len(np.unique(changed, axis=0)) == int(SIDE * share)
    assert changed.mean() == pytest.approx(light.mean(), abs=0.01)


def test_pixels_of_a_quarter_are_means_of_four_by_four(light: np.ndarray) -> None:
    means = light.reshape(12, 4, 12, 4, 3).mean(axis=(1, 3)).repeat(4, axis=0).repeat(4, axis=1)
    assert encoding.pixelate(light, 0.25, rng()) == pytest.approx(means, abs=1.1 / 255)  # Pillow rounds twice


@pytest.mark.parametrize("quality", [50, 7])
def test_jpeg_is_pillow_s(smear: np.ndarray, quality: int) -> None:
    buffer = io.BytesIO()
    Image.fromarray(smear[0]).save(buffer, "JPEG", quality=quality)
    there = np.asarray(Image.open(buffer))
    found = encoding.jpeg(smear[0] / np.float32(255), quality, rng())
    assert (np.rint(found * 255) == there).all()
