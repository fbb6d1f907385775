import numpy as np
import pytest
from PIL import Image

from tasks.ingest.measures import colour_names, measures


def smear(background: tuple[int, int, int] = (250, 220, 195)) -> np.ndarray:
    """A dark disc on a bright background with a little grain."""
    y, x = np.mgrid[:96, :96] - 48
    picture = np.where((x**2 + y**2 < 900)[..., None], (90, 60, 140), background)
    return np.clip(picture + np.random.default_rng(0).normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def measured(picture: np.ndarray) -> dict:
    return measures(picture[None])[0]


def lost(rows: slice, columns: slice, value: int = 0) -> np.ndarray:
    picture = smear().copy()
    picture[rows, columns] = value
    return picture


ALL = slice(None)


@pytest.mark.parametrize(
    ("picture", "flat"),
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
def test_lost_parts_are_rows_or_columns_of_one_colour(picture: np.ndarray, flat: float) -> None:
    assert measured(picture)["flat"] == pytest.approx(flat)


def test_rows_grey_alike_but_of_two_colours_are_not_lost() -> None:
    picture = np.zeros((96, 96, 3), np.uint8)
    picture[:, ::2, 0] = picture[:, 1::2, 1] = 200
    picture[::2, :, 2] = 30
    picture[1::2, :, 2] = 60
    assert measured(picture)["flat"] == 0


def test_noise_is_not_smooth_and_a_smear_is() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    assert abs(measured(noise)["smoothness"]) < 0.05
    assert measured(smear())["smoothness"] > 0.9
    stripes = np.zeros((96, 96, 3), np.uint8)
    stripes[::2] = 255  # smooth across, not down
    assert measured(stripes)["smoothness"] < -0.9


def test_contrast_is_the_deviation_of_the_grey_picture() -> None:
    halves = np.full((96, 96, 3), 100, np.uint8)
    halves[:48] = 140
    assert measured(halves)["contrast"] == pytest.approx(20)
    assert measured(np.full((96, 96, 3), 9, np.uint8)) == {
        "contrast": 0.0, "smoothness": 0.0, "flat": 1.0, "saturation": 0.0,
        "background": "#090909", "acquisition_batch": "grey",
    }  # fmt: skip


def test_the_background_is_the_bright_part_without_glare() -> None:
    picture = smear((200, 180, 160))
    picture[:4, :4] = 255
    red, green, blue = (int(measured(picture)["background"][k : k + 2], 16) for k in (1, 3, 5))
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


def test_a_batch_is_measured_as_its_pictures_one_by_one() -> None:
    pictures = np.stack([smear(), smear((230, 230, 240)), np.asarray(Image.fromarray(smear()).rotate(90))])
    assert measures(pictures) == [measured(picture) for picture in pictures]
