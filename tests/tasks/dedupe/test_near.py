import numpy as np
import pytest

from tasks import store
from tasks.dedupe import near
from tasks.dedupe.join import Matches


def image(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 180, (1, 8, 8, 3)).astype(np.uint8)


def rmse(a: np.ndarray, b: np.ndarray) -> float:
    return near.difference(a, b)[0].item()


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return near.difference(a, b)[1].item()


def test_equal_images_do_not_differ() -> None:
    assert rmse(image(), image()) == pytest.approx(0)
    assert correlation(image(), image()) == pytest.approx(1)


def test_rmse_is_in_grey_levels() -> None:
    a = np.array([[[100, 100], [90, 110]]], np.uint8)
    b = np.array([[[90, 110], [100, 100]]], np.uint8)  # nothing of the one explains the other: the least factor counts
    assert rmse(a, b) == pytest.approx(np.hypot(0.5, 1) * np.sqrt(50))
    assert correlation(a, b) == pytest.approx(0)


def test_brightness_and_contrast_are_taken_out_within_bounds() -> None:
    a = image()
    other = np.rint(a * 0.7 + 40).astype(np.uint8)
    assert rmse(a, other) < 0.5
    assert rmse(other, a) < 0.6
    flat = np.rint(a * 0.2 + 40).astype(np.uint8)
    assert rmse(a, flat) == pytest.approx(0.3 * a.std(), abs=0.3)
    assert correlation(a, flat) > 0.99


def test_images_without_contrast_are_not_alike() -> None:
    assert correlation(np.full((1, 4, 4), 90, np.uint8), np.full((1, 4, 4), 91, np.uint8)) == 0


def matches(*found: tuple[int, int, int]) -> Matches:
    first, second, orientation = np.array(found, np.int64).reshape(-1, 3).T
    return Matches(first, second, orientation, np.zeros(len(first), np.int64))


def test_only_pairs_that_the_pixels_confirm_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "PAIRS", 1)
    images = np.concatenate([image(0), image(0) + 1, image(1)])
    left = near.confirmed(matches((0, 1, 0), (0, 2, 0)), lambda positions: images[positions], 15)
    assert left[["first", "second", "kind"]].to_numpy().tolist() == [[0, 1, "near"]]
    assert left["rmse"].iloc[0] < 0.1


def test_images_that_are_alike_but_not_enough_are_other_ones() -> None:
    one, other = (image(seed).astype(float) - 120 for seed in (0, 1))
    faint = 120 + 0.1 * np.concatenate([one, one + 0.5 * other])
    images = np.rint(faint).astype(np.uint8)
    assert rmse(images[:1], images[1:]) < 3
    left = near.confirmed(matches((0, 1, 0)), lambda positions: images[positions], 15)
    assert left.empty


@pytest.mark.parametrize("orientation", range(8))
def test_pairs_are_compared_after_turning(orientation: int) -> None:
    one = image(0)
    images = np.concatenate([one, store.turned(one, orientation)])
    take = lambda positions: images[positions].copy()  # noqa: E731
    every = [near.confirmed(matches((0, 1, code)), take, 1.0) for code in range(8)]
    assert [len(found) for found in every] == [code == orientation for code in range(8)]


def test_nothing_to_compare() -> None:
    assert near.confirmed(matches(), lambda positions: np.zeros((0, 8, 8, 3), np.uint8), 15).empty
