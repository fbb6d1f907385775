import numpy as np
import pytest

from tasks import store
from tasks.dedupe import near
from tasks.dedupe.join import Matches


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 180, (1, 8, 8, 3)).astype(np.uint8)


def test_rmse_of_equal_pictures_is_zero() -> None:
    assert near.rmse(picture(), picture()) == pytest.approx(0)


def test_rmse_is_in_grey_levels() -> None:
    a, b = np.full((1, 2, 2, 3), 100, np.uint8), np.full((1, 2, 2, 3), 100, np.uint8)
    a[0, 0], a[0, 1] = 90, 110
    b[0, 0], b[0, 1] = 110, 90
    assert near.rmse(a, b) == pytest.approx(20, abs=0.2)


def test_brightness_is_taken_out_within_bounds() -> None:
    a = picture()
    brighter = np.rint(a * 1.1).astype(np.uint8)
    assert near.rmse(a, brighter) < 0.5
    dark = np.rint(a * 0.2).astype(np.uint8)
    assert near.rmse(a, dark) > 50


def matches(*found: tuple[int, int, int]) -> Matches:
    first, second, orientation = np.array(found, np.int64).reshape(-1, 3).T
    return Matches(first, second, orientation, np.zeros(len(first), np.int64))


def test_only_pairs_that_the_pixels_confirm_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "PAIRS", 1)
    pictures = np.concatenate([picture(0), picture(0) + 1, picture(1)])
    left = near.confirmed(matches((0, 1, 0), (0, 2, 0)), lambda positions: pictures[positions], 15)
    assert left[["first", "second", "kind"]].to_numpy().tolist() == [[0, 1, "near"]]
    assert left["rmse"].iloc[0] < 1.5


@pytest.mark.parametrize("orientation", range(8))
def test_pairs_are_compared_after_turning(orientation: int) -> None:
    one = picture(0)
    pictures = np.concatenate([one, store.turned(one, orientation)])
    take = lambda positions: pictures[positions].copy()  # noqa: E731
    every = [near.confirmed(matches((0, 1, code)), take, 1.0) for code in range(8)]
    assert [len(found) for found in every] == [code == orientation for code in range(8)]


def test_nothing_to_compare() -> None:
    assert near.confirmed(matches(), lambda positions: np.zeros((0, 8, 8, 3), np.uint8), 15).empty
