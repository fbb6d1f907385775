import numpy as np
import pytest
from PIL import Image

from tasks.ingest.measures import colour_names, measures


def smear(background: tuple[int, int, int] = (250, 220, 195)) -> np.ndarray:
    """A dark disc on a bright background with a little grain."""
    y, x = np.mgrid[:96, :96] - 48
    image = np.where((x**2 + y**2 < 900)[..., None], (90, 60, 140), background)
    return np.clip(image + np.random.default_rng(0).normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def measured(image: np.ndarray) -> dict:
    return measures(image[None])[0]


def lost(rows: slice, columns: slice, value: int = 0) -> np.ndarray:
    image = smear().copy()
    image[rows, columns] = value
    return image


ALL = slice(None)


@pytest.mark.parametrize(
    ("image", "flat"),
    [
        (smear(), 0),
        (lost(slice(48, None), ALL), 0.5),
        (lost(ALL, slice(0, 24), 255), 0.25),
        (lost(slice(36, 60), ALL, 128), 0.25),
        (np.full((96, 96, 3), 7, np.uint8), 1),
        (lost(slice(0, 24), slice(0, 24)), 0),
    ],
    ids=["whole", "lower-half", "left-quarter-white", "band", "all", "corner"],
)
def test_lost_parts_are_rows_or_columns_of_one_colour(image: np.ndarray, flat: float) -> None:
    assert measured(image)["flat"] == pytest.approx(flat)


def test_rows_grey_alike_but_of_two_colours_are_not_lost() -> None:
    image = np.zeros((96, 96, 3), np.uint8)
    image[:, ::2, 0] = image[:, 1::2, 1] = 200
    image[::2, :, 2] = 30
    image[1::2, :, 2] = 60
    assert measured(image)["flat"] == 0


def test_noise_is_not_smooth_and_a_smear_is() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    assert abs(measured(noise)["smoothness"]) < 0.05
    assert measured(smear())["smoothness"] > 0.9
    stripes = np.zeros((96, 96, 3), np.uint8)
    stripes[::2] = 255  # smooth across, not down
    assert measured(stripes)["smoothness"] < -0.9


def test_contrast_is_the_deviation_of_the_grey_image() -> None:
    halves = np.full((96, 96, 3), 100, np.uint8)
    halves[:48] = 140
    assert measured(halves)["contrast"] == pytest.approx(20)
    assert measured(np.full((96, 96, 3), 9, np.uint8)) == {
        "contrast": 0.0, "smoothness": 0.0, "flat": 1.0, "saturation": 0.0,
        "background": "#090909", "acquisition_batch": "grey",
    }  # fmt: skip


def test_the_background_is_the_bright_part_without_glare() -> None:
    image = smear((200, 180, 160))
    image[:4, :4] = 255
    red, green, blue = (int(measured(image)["background"][k : k + 2], 16) for k in (1, 3, 5))
    assert (red, green, blue) == pytest.approx((200, 180, 160), abs=8)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((246, 219, 200), "yellow"),
        ((232, 230, 238), "grey"),
        ((255, 255, 255), "grey"),
        ((0, 0, 0), "grey"),
        ((255, 120, 120), "red"),
        ((120, 255, 120), "green"),
        ((0, 255, 255), "cyan"),
        ((120, 140, 255), "blue"),
        ((255, 120, 255), "magenta"),
    ],
)
def test_batches_are_named_after_their_background(colour: tuple[int, int, int], name: str) -> None:
    assert colour_names(np.array([colour], np.uint8)) == [name]


def test_a_batch_is_measured_as_its_images_one_by_one() -> None:
    images = np.stack([smear(), smear((230, 230, 240)), np.asarray(Image.fromarray(smear()).rotate(90))])
    assert measures(images) == [measured(image) for image in images]
