from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks import store
from tasks.dedupe import recropped

SIDE = 96


def wide(seed: int) -> np.ndarray:
    small = Image.fromarray(np.random.default_rng(seed).integers(40, 220, (14, 14, 3), np.uint8))
    return np.asarray(small.resize((140, 140), Image.Resampling.BICUBIC))


def crop(image: np.ndarray, top: int, left: int) -> np.ndarray:
    return image[top : top + SIDE, left : left + SIDE]


def found(*images: np.ndarray, max_shift: float = 0.125, max_rmse: float = 10.0) -> list[list[float]]:
    """The one candidate pair, where it is confirmed: dy, dx and RMSE."""
    stack = np.stack(images)
    table = recropped.confirmed(np.array([[0, 1]]), lambda positions: stack[positions], max_shift, max_rmse)
    return table[["dy", "dx", "rmse"]].to_numpy().tolist()


@pytest.mark.parametrize("shift", [(0, 0), (3, 0), (-5, 7), (11, -11)])
def test_the_shift_is_that_of_the_second_s_content(shift: tuple[int, int]) -> None:
    image = wide(1)
    ((dy, dx, rmse),) = found(crop(image, 20, 20), crop(image, 20 - shift[0], 20 - shift[1]))
    assert (dy, dx) == pytest.approx(shift, abs=0.15)
    assert rmse < 3


def test_a_shift_beyond_the_limit_is_none() -> None:
    image = wide(1)
    pair = crop(image, 20, 20), crop(image, 20, 30)
    assert found(*pair, max_shift=0.125)
    assert not found(*pair, max_shift=0.1)


def test_a_difference_beyond_the_limit_is_none() -> None:
    first = crop(wide(1), 20, 20)
    grain = np.random.default_rng(0).normal(0, 8, first.shape)
    second = np.clip(crop(wide(1), 23, 20) + grain, 0, 255).astype(np.uint8)
    assert 7 < found(first, second, max_rmse=10.0)[0][2] < 9
    assert not found(first, second, max_rmse=7.0)


def test_other_images_are_no_copies() -> None:
    assert not found(crop(wide(1), 20, 20), crop(wide(2), 20, 20))


def test_without_candidates_the_table_is_empty() -> None:
    table = recropped.confirmed(np.zeros((0, 2), np.int64), lambda positions: np.zeros((0, 8, 8, 3), np.uint8), 0.1, 9)
    assert table.empty


def neighbours(folder: Path, *deliveries: list[float], count: int = 1) -> list[list[int]]:
    """Pairs among images whose features lie on an arc, at these angles; a list a delivery."""
    places = []
    for code, angles in enumerate(deliveries):
        (folder / str(code)).mkdir()
        roots = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        np.save(folder / str(code) / store.FEATURES, np.square(roots).astype(np.float32))
        places += [(code, row) for row in range(len(angles))]
    arrays = store.Arrays(folder, store.FEATURES, [str(code) for code in range(len(deliveries))])
    return recropped.neighbours(arrays, np.array(places, np.int64).reshape(-1, 2), count).tolist()


def test_each_image_comes_with_its_nearest(tmp_path: Path) -> None:
    assert neighbours(tmp_path, [0.1, 0.2, 0.9, 1.0, 1.5]) == [[0, 1], [2, 3], [3, 4]]


def test_a_later_delivery_takes_no_neighbour_away(tmp_path: Path) -> None:
    assert neighbours(tmp_path, [0.1, 0.3], [0.11, 0.31]) == [[0, 1], [0, 2], [1, 3]]


@pytest.mark.parametrize("angles", [[], [0.5]])
def test_one_image_has_no_neighbour(tmp_path: Path, angles: list[float]) -> None:
    assert neighbours(tmp_path, angles) == []
