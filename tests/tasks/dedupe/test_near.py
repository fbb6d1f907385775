import numpy as np
import pytest

from tasks.dedupe import near


def bits(*words: str) -> np.ndarray:
    return np.array([[int(word, 2)] for word in words], np.uint8)


def as_tuples(pairs: near.Pairs) -> list[tuple]:
    return list(zip(*(array.tolist() for array in pairs), strict=True))


@pytest.mark.parametrize(
    ("hashes", "distance", "expected"),
    [
        (bits("00000000", "00000011", "00000111"), 2, [(0, 1, 2.0), (1, 2, 1.0)]),
        (bits("00000000", "00000011", "00000111"), 3, [(0, 1, 2.0), (0, 2, 3.0), (1, 2, 1.0)]),
        (bits("00000000", "00000000"), 0, [(0, 1, 0.0)]),
        (bits("00000000", "11111111"), 7, []),
        (bits("00000000"), 8, []),
    ],
    ids=["at-the-distance", "within-it", "equal", "beyond", "alone"],
)
def test_pairs_of_close_hashes(hashes: np.ndarray, distance: int, expected: list) -> None:
    assert as_tuples(near.close_hashes(hashes, distance)) == expected


def test_all_pairs_are_found_across_blocks_of_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "QUERIES", 7)
    hashes = np.random.default_rng(0).integers(0, 256, (60, 2), np.uint8)
    found = near.close_hashes(hashes, 5)
    unpacked = np.unpackbits(hashes, axis=1)
    distance = (unpacked[:, None] != unpacked[None]).sum(2)
    first, second = np.nonzero(np.triu(distance <= 5, 1))
    assert (found.first == first).all()
    assert (found.second == second).all()
    assert (found.measure == distance[first, second]).all()


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


def test_only_pairs_that_the_pixels_confirm_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "PAIRS", 1)
    pictures = np.concatenate([picture(0), picture(0) + 1, picture(1)])
    candidates = near.Pairs(np.array([0, 0]), np.array([1, 2]), np.array([0.0, 0.0]))
    left = near.confirmed(candidates, lambda positions: pictures[positions], 15)
    assert [pair[:2] for pair in as_tuples(left)] == [(0, 1)]
    assert left.measure[0] < 1.5
