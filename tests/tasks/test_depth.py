import numpy as np
import pytest

from tasks import depth
from tasks.depth import UNIT, Level

CELL = np.random.default_rng(0).integers(60, 256, (40, 40))


def levels(*images: np.ndarray) -> list[Level]:
    return [depth.level(image) for image in images]


@pytest.mark.parametrize(
    ("values", "expected", "told"),
    [
        (CELL.astype(np.uint16), 8, "8-bit in 16-bit, as they are"),
        ((CELL << 2).astype(np.uint16), 10, "10-bit in 16-bit, scaled by 1/4"),
        ((CELL << 4).astype(np.uint16), 12, "12-bit in 16-bit, scaled by 1/16"),
        ((CELL << 6).astype(np.uint16), 14, "14-bit in 16-bit, scaled by 1/64"),
        ((CELL * 257).astype(np.uint16), 16, "16-bit, scaled by 1/256"),
        ((CELL << 8).astype(np.uint16), 16, "16-bit, scaled by 1/256"),
        (CELL.astype(np.int32), 8, "8-bit in 32-bit, as they are"),
        ((CELL << 24).astype(np.uint32), 32, "32-bit, scaled by 1/16777216"),
        ((CELL / 255).astype(np.float32), UNIT, "0..1 in 32-bit floating point, scaled by 255"),
        (CELL.astype(np.float64), 8, "8-bit in 64-bit floating point, as they are"),
        ((CELL << 4).astype(np.float32), 12, "12-bit in 32-bit floating point, scaled by 1/16"),
    ],
    ids=["8", "10", "12", "14", "16-full", "16-shifted", "8-in-32", "32", "unit", "float-255", "float-12"],
)
def test_eight_bits_come_back_from_every_depth(values: np.ndarray, expected: depth.Depth, told: str) -> None:
    found = levels(values, values)
    assert depth.find(found) == expected
    assert depth.told(expected, found) == told
    assert (depth.to_uint8(values, expected) == CELL).all()


def test_a_dark_image_is_scaled_like_the_others() -> None:
    bright, dark = (CELL << 4).astype(np.uint16), CELL.astype(np.uint16)
    assert depth.find(levels(bright, bright, bright, dark)) == 12


def test_hot_pixels_say_nothing_and_become_white() -> None:
    hot = (CELL << 4).astype(np.uint16)
    hot[0, 0] = 65535
    assert depth.find(levels(hot)) == 12
    assert depth.to_uint8(hot, 12)[0, 0] == 255


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([CELL.astype(np.uint16) * 0], "no image is brighter than 0"),
        ([np.full((9, 9), 3, np.int32)], "no image is brighter than 3, which tells no depth"),
        ([np.full((9, 9), 3.0)], "no image is brighter than 3,"),
        ([CELL.astype(np.int32) - 4000], "go down to -39.*, expected none below 0"),
        ([CELL.astype(np.uint16) << 4] * 3 + [CELL.astype(np.uint16) << 8] * 3, "3 reach 40.* and 3 reach 65"),
        ([CELL.astype(np.uint16) << 8, CELL / 255], "whole numbers and some fractions"),
    ],
    ids=["black", "mask", "float-3", "negative", "two-depths", "two-kinds"],
)
def test_what_cannot_be_told_is_an_error(images: list[np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        depth.find(levels(*images))


def test_values_that_are_no_numbers_are_an_error() -> None:
    with pytest.raises(ValueError, match="no numbers"):
        depth.level(np.array([1.0, np.nan]))


def test_the_header_s_word_counts_unless_an_image_exceeds_it() -> None:
    dim, bright = Level(0, 900, False, 16, 12), Level(0, 60000, False, 16, 12)
    assert depth.find([dim, dim]) == 12
    assert depth.find([bright]) == 16


@pytest.mark.parametrize(("stated", "colour"), [(8, "white"), (32, "black"), (UNIT, "white")])
def test_a_stated_depth_that_makes_images_white_or_black_is_an_error(stated: depth.Depth, colour: str) -> None:
    found = levels((CELL << 4).astype(np.uint16))
    depth.check(14, found)
    with pytest.raises(ValueError, match=f"depth {stated} makes most of them {colour}"):
        depth.check(stated, found)


def test_a_depth_as_a_person_writes_it() -> None:
    assert (depth.parse("12"), depth.parse("0..1")) == (12, UNIT)
    for text in ("7", "33", "twelve", "1.5"):
        with pytest.raises(ValueError, match=f"expected 8 to 32 bits or 0..1, got '{text}'"):
            depth.parse(text)
