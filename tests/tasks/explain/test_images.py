from pathlib import Path

import numpy as np
from PIL import Image

from tasks.explain import images

IMAGE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
ONE_CORNER = np.pad(np.ones((2, 2), np.float32), ((0, 6), (0, 6)))


def test_the_image_shows_as_it_is_where_nothing_speaks() -> None:
    over = images.overlaid(IMAGE, ONE_CORNER)
    assert (over[2:, 2:] == IMAGE[2:, 2:]).all()
    assert (over[:2, :2] != IMAGE[:2, :2]).any(axis=-1).all()


def test_where_a_map_is_one_there_is_the_last_colour_with_a_part_of_the_image() -> None:
    over = images.overlaid(np.zeros((8, 8, 3), np.uint8), ONE_CORNER)
    expected = np.array(images.COLOURS(1.0)[:3]) * 255 * images.OPACITY
    assert np.abs(over[0, 0] - expected).max() <= 0.5


def test_a_file_has_the_image_at_the_left_and_its_map_at_the_right(tmp_path: Path) -> None:
    images.write_beside(tmp_path / "cam" / "a.png", IMAGE, ONE_CORNER, 8)
    written = np.asarray(Image.open(tmp_path / "cam" / "a.png"))
    assert written.shape == (8, 16, 3)
    assert (written[:, :8] == IMAGE).all()
    assert (written[:, 8:] == images.overlaid(IMAGE, ONE_CORNER)).all()


def test_both_are_brought_to_the_side_that_is_wanted(tmp_path: Path) -> None:
    images.write_beside(tmp_path / "a.png", IMAGE, ONE_CORNER, 20)
    assert Image.open(tmp_path / "a.png").size == (40, 20)


def test_the_same_image_is_the_same_file_without_a_clock(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        images.write(tmp_path / name, IMAGE)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert Image.open(tmp_path / "a.png").info == {}
