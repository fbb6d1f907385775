from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.dedupe import join

Hashes = NDArray[np.uint8]


def brute_force(hashes: Hashes, max_distance: int) -> list[tuple[int, int, int, int]]:
    """Matches as rows, by comparing all bits of all pairs."""
    bits = np.unpackbits(hashes, axis=2)
    found = []
    for first in range(len(bits)):
        for second in range(first + 1, len(bits)):
            distance = (bits[first] != bits[second, 0]).sum(axis=1)
            code = int(distance.argmin())  # the first of equals
            if distance[code] <= max_distance:
                found.append((first, second, code, int(distance[code])))
    return found


def rows(matches: join.Matches) -> list[tuple[int, int, int, int]]:
    return list(zip(*(array.tolist() for array in matches), strict=True))


def flipped(hashes: Hashes, count: int, rng: np.random.Generator) -> Hashes:
    """Hashes, uint8 (n, bytes), each with `count` bits changed."""
    bits = np.unpackbits(hashes, axis=1)
    for row in bits:
        row[rng.choice(len(row), count, replace=False)] ^= 1
    return np.packbits(bits, axis=1)


@st.composite
def planted(draw: st.DrawFn) -> tuple[Hashes, int]:
    """Random hashes and a distance; some hashes are copies, near or far, of other ones in one of the orientations."""
    n, k, size = draw(st.integers(0, 24)), draw(st.integers(1, 8)), draw(st.integers(1, 17))
    max_distance = draw(st.integers(0, 8 * size + 1))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hashes = rng.integers(0, 256, (n, k, size), np.uint8)
    for _ in range(n // 2):
        first, second, code = rng.integers(n), rng.integers(n), rng.integers(k)
        near = flipped(hashes[second, :1], min(8 * size, int(rng.integers(0, max_distance + 3))), rng)
        hashes[first, code] = near[0]
    return hashes, max_distance


@given(planted())
def test_the_flat_scan_finds_what_comparing_all_bits_finds(case: tuple[Hashes, int]) -> None:
    hashes, max_distance = case
    assert rows(join.close(hashes, max_distance)) == brute_force(hashes, max_distance)


@settings(max_examples=50)
@given(planted(), st.integers(1, 40), st.sampled_from([1, 7, join.BLOCK]))
def test_every_cut_finds_what_comparing_all_bits_finds(case: tuple[Hashes, int], m: int, block: int) -> None:
    hashes, max_distance = case
    n, _, size = hashes.shape
    distance = min(max_distance, 8 * size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(join, "FLAT", -1)
        patch.setattr(join, "BLOCK", block)
        patch.setattr(join, "plan", lambda *_: join.cut(min(m, distance + 1, 8 * size), n, 8 * size, distance))
        assert rows(join.close(hashes, max_distance)) == brute_force(hashes, max_distance)


@pytest.mark.parametrize(
    ("size", "max_distance", "k"),
    [(32, 24, 1), (32, 24, 8), (8, 10, 1), (32, 0, 1), (32, 1, 2), (5, 3, 1)],
    ids=["usual", "all orientations", "small hashes", "distance 0", "distance 1", "no whole word"],
)
def test_many_hashes_go_by_chunks_and_match_the_flat_scan(size: int, max_distance: int, k: int) -> None:
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 256, (join.FLAT + 1000, k, size), np.uint8)
    for count in range(max_distance + 2):
        hashes[count:3000:100, k - 1] = flipped(hashes[count + 3000 : 6000 : 100, 0], count, rng)
    assert join.plan(len(hashes), 8 * size, max_distance)
    found = join.close(hashes, max_distance)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(join, "FLAT", len(hashes))
        flat = join.close(hashes, max_distance)
    assert set(found.distance.tolist()) == set(range(max_distance + 1))
    assert rows(found) == rows(flat)


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "by chunks"])
@pytest.mark.parametrize(
    ("hashes", "max_distance", "expected"),
    [
        ([], 3, []),
        ([[0b0000]], 3, []),
        ([[0b0000], [0b0111], [0b1111]], 3, [(0, 1, 0, 3), (1, 2, 0, 1)]),
        ([[0b0000], [0b0111], [0b0000]], 0, [(0, 2, 0, 0)]),
        ([[0x00], [0xFF]], 8, [(0, 1, 0, 8)]),
        ([[0x00], [0xFF]], 2000, [(0, 1, 0, 8)]),
        ([[0b0001, 0b0000], [0b0000, 0b1111]], 1, [(0, 1, 1, 0)]),
        ([[0b0001, 0b0001], [0b0000, 0b1111]], 1, [(0, 1, 0, 1)]),
        ([[0b0000, 0b1111], [0b1100, 0b0000]], 0, []),
    ],
    ids=[
        "none",
        "one",
        "at the distance and beyond",
        "distance 0",
        "as many as bits",
        "more than bits",
        "the nearest orientation",
        "the lowest code of equals",
        "the second is never turned",
    ],
)
def test_matches(flat: bool, hashes: list[list[int]], max_distance: int, expected: list[tuple[int, ...]]) -> None:
    array = np.array(hashes, np.uint8).reshape(len(hashes), -1 if hashes else 1, 1)
    with pytest.MonkeyPatch.context() as patch:
        if not flat:
            patch.setattr(join, "FLAT", -1)
            patch.setattr(join, "plan", lambda n, bits, distance: join.cut(min(2, distance + 1), n, bits, distance))
        found = join.close(array, max_distance)
    assert rows(found) == expected
    assert {field.dtype for field in found} == {np.dtype(np.int64)}


def test_equal_hashes_are_all_pairs() -> None:
    hashes = np.random.default_rng(0).integers(0, 256, (join.FLAT + 500, 1, 32), np.uint8)
    hashes[::11] = hashes[0]
    found = join.close(hashes, 24)
    expected = [(a, b, 0, 0) for a in range(0, len(hashes), 11) for b in range(a + 11, len(hashes), 11)]
    assert rows(found) == expected


def test_memory_follows_the_result_each_pair_is_found_by_one_chunk_alone() -> None:
    hashes = np.zeros((50, 1, 32), np.uint8)
    parts = join._indexed(hashes, 24, join.cut(13, 10**6, 256, 24))
    assert sum(len(first) for first, *_ in parts) == 50 * 49 // 2


@pytest.mark.parametrize("start", [0, 43, 44, 45, 59, 63, 64, 107])
def test_a_chunk_may_lie_across_two_words(start: int) -> None:
    bits = np.random.default_rng(start).integers(0, 2, (5, 128), np.uint8)
    words = np.packbits(bits, axis=1, bitorder="little").view("<u8").T
    expected = bits[:, start : start + 21] @ (1 << np.arange(21))
    assert join._value(words, join.Chunk(start, 21, 0)).tolist() == expected.tolist()


@pytest.mark.parametrize(("bits", "max_distance"), [(256, 24), (256, 0), (256, 100), (64, 10), (16, 16), (4096, 300)])
def test_no_pair_within_the_distance_can_escape_a_cut(bits: int, max_distance: int) -> None:
    for m in range(1, min(max_distance + 1, bits) + 1):
        chunks = join.cut(m, 10**6, bits, max_distance)
        assert sum(chunk.radius + 1 for chunk in chunks) == max_distance + 1
        assert all(chunk.radius >= 0 and chunk.width > 0 for chunk in chunks)
        assert all(a.start + a.width <= b.start for a, b in pairwise(chunks))
        assert chunks[-1].start + chunks[-1].width <= bits


def test_plan_is_made_for_the_number_of_hashes() -> None:
    assert len(join.plan(10**4, 256, 24)) > len(join.plan(10**6, 256, 24)) > 0
    assert join.plan(10**4, 256, 200) == [], "every chunk would agree by chance"


@pytest.mark.parametrize(
    ("hashes", "max_distance", "message"),
    [
        (np.zeros((2, 32), np.uint8), 24, r"uint8 \(n, k, bytes\), got uint8 \(2, 32\)"),
        (np.zeros((2, 1, 256), bool), 24, "got bool"),
        (np.zeros((2, 0, 32), np.uint8), 24, r"got uint8 \(2, 0, 32\)"),
        (np.zeros((2, 1, 32), np.uint8), -1, "max_distance must be at least 0, got -1"),
    ],
    ids=["no orientations", "unpacked", "no orientation", "negative distance"],
)
def test_what_are_no_hashes_is_told(hashes: NDArray[np.generic], max_distance: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        join.close(hashes, max_distance)
