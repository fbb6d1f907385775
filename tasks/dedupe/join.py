"""All pairs of close perceptual hashes, exactly: a flat scan of few hashes, multi-index hashing of many.

Multi-index hashing (Norouzi, Punjani, Fleet 2012, "Fast Search in Hamming Space with Multi-Index Hashing") cuts a hash
into m chunks. Two hashes that differ in at most T bits differ in one chunk at least in no more than its share of T, so
it is enough to compare those of which a chunk nearly agrees, and sorting finds them. Nothing is missed, whatever the
hashes are; only the time depends on them. faiss.IndexBinaryMultiHash looks up hash by hash and takes ten times as long.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, pairwise
from math import comb
from typing import Any, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

FLAT = 5_000
"""Hashes up to which comparing all with all is as fast as any index."""
QUERIES = 1024
"""Hashes taken at a time, to unpack them or to scan all for them."""
BLOCK = 1 << 17
"""Candidates compared at a time: bounds the memory beside hashes and result."""
CANDIDATE, SCANNED = 1.3, 0.35
"""What a pair costs that the index gives and one in the flat scan, in lookups of a chunk's value; measured."""

Words = NDArray[np.uint64]
"""Hashes, (words, n)."""
Positions = NDArray[np.int32]
Found = tuple[Positions, Positions, NDArray[np.int8], NDArray[np.int32]]
"""The arrays of Matches, narrow and in no order."""


class Matches(NamedTuple):
    """Pairs of positions, `first` < `second`, in ascending order; int64 arrays of one length.

    `first` in `orientation` and `second` as it came differ in `distance` bits.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    orientation: NDArray[np.int64]
    distance: NDArray[np.int64]


class Chunk(NamedTuple):
    """Bits `start` to `start + width` of a hash, in which a pair may differ in at most `radius`."""

    start: int
    width: int
    radius: int


class Table(NamedTuple):
    """Hashes sorted by the value of a chunk: `row` names each, `bucket[value]` is where those of a value begin."""

    row: Positions
    key: Positions
    bucket: Positions
    words: Words


def close(hashes: NDArray[np.uint8], max_distance: int) -> Matches:
    """All pairs first < second of which hashes[first, g] and hashes[second, 0] differ in at most `max_distance` bits.

    `hashes` is uint8 (n, k, bytes): each image's packed hash in each of k orientations. A pair comes once, with the
    orientation of least distance, the lowest code among equals. Memory: that of the result and ten times the hashes'.
    """
    if hashes.ndim != 3 or hashes.dtype != np.uint8 or 0 in hashes.shape[1:]:
        raise ValueError(f"hashes must be uint8 (n, k, bytes), got {hashes.dtype} {hashes.shape}")
    if max_distance < 0:
        raise ValueError(f"max_distance must be at least 0, got {max_distance}")
    max_distance = min(max_distance, hashes.shape[2] * 8)
    chunks = plan(len(hashes), hashes.shape[2] * 8, max_distance) if len(hashes) > FLAT else []
    parts = _indexed(hashes, max_distance, chunks) if chunks else _flat(hashes, max_distance)
    return _nearest(parts)


def plan(n: int, bits: int, max_distance: int) -> list[Chunk]:
    """The cheapest cut of `bits` into chunks; empty where comparing all n with all is cheaper."""
    cuts = [cut(m, n, bits, max_distance) for m in range(1, min(max_distance + 1, bits) + 1)]
    best = min(cuts, key=lambda chunks: _cost(chunks, n))
    return best if _cost(best, n) < SCANNED * n * n / 2 else []


def cut(m: int, n: int, bits: int, max_distance: int) -> list[Chunk]:
    """`bits` in m chunks without overlap, for n hashes.

    Their radii, each with one added, sum up to max_distance + 1: hashes that differ in more than the radius in every
    chunk differ in more than `max_distance`. A chunk is no wider than tells n hashes apart, its last bits left out.
    """
    radius, rest = divmod(max_distance, m)
    edges = [bits * place // m for place in range(m + 1)]
    widths = [min(stop - start, n.bit_length()) for start, stop in pairwise(edges)]
    return [Chunk(edges[place], widths[place], radius - (place > rest)) for place in range(m)]


def _cost(chunks: list[Chunk], n: int) -> float:
    """Of a join of n evenly spread hashes, in lookups."""
    values = [sum(comb(chunk.width, flips) for flips in range(chunk.radius + 1)) for chunk in chunks]
    pairs = [n / 2 * number / 2**chunk.width for number, chunk in zip(values, chunks, strict=True)]
    return n * sum(number / 2 + CANDIDATE * each for number, each in zip(values, pairs, strict=True))


def _flat(hashes: NDArray[np.uint8], max_distance: int) -> list[Found]:
    index = faiss.IndexBinaryFlat(hashes.shape[2] * 8)
    index.add(np.ascontiguousarray(hashes[:, 0]))
    parts = []
    for start in range(0, len(hashes), QUERIES):
        for code in range(hashes.shape[1]):
            query = np.ascontiguousarray(hashes[start : start + QUERIES, code])
            # range_search is strict: it finds what lies nearer than the radius.
            limits, distance, found = index.range_search(query, max_distance + 1)
            first = start + np.repeat(np.arange(len(query)), np.diff(limits.astype(np.int64)))
            once = first < found
            parts.append(_part(first[once], found[once], code, distance[once]))
    return parts


def _indexed(hashes: NDArray[np.uint8], max_distance: int, chunks: list[Chunk]) -> list[Found]:
    words = _words(hashes)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:  # numpy lets go of the interpreter where the time is spent
        places = range(len(chunks))
        found = pool.map(lambda place: list(_joined(words, chunks[: place + 1], max_distance)), places)
        return [part for parts in found for part in parts]


def _words(hashes: NDArray[np.uint8]) -> list[Words]:
    """The hashes of each orientation, their bits in one random order: bits of one neighbourhood are alike."""
    n, k, size = hashes.shape
    order = np.random.default_rng(0).permutation(size * 8)
    words = np.zeros((k, -(-size // 8), n), np.uint64)
    for start in range(0, n, QUERIES):
        part = hashes[start : start + QUERIES]
        bits = np.unpackbits(part, axis=2)[:, :, order]
        packed = np.pad(np.packbits(bits, axis=2, bitorder="little"), ((0, 0), (0, 0), (0, -size % 8)))
        words[:, :, start : start + len(part)] = np.ascontiguousarray(packed).view("<u8").transpose(1, 2, 0)
    return list(words)


def _joined(words: list[Words], chunks: list[Chunk], max_distance: int) -> Iterator[Found]:
    """Pairs that the last of `chunks` finds and none before it."""
    *before, chunk = chunks
    base = _table(words[0], chunk)
    for code, turned in enumerate(words):
        table = _table(turned, chunk) if code else base
        for left, right in _candidates(table, base, chunk):
            left, right, distance = _close(table, base, left, right, chunk, max_distance)
            first, second = table.row[left], base.row[right]
            if not code:
                first, second = np.minimum(first, second), np.maximum(first, second)
            once = np.flatnonzero((first < second) & ~_found(turned, words[0], first, second, before))
            yield _part(first[once], second[once], code, distance[once])


def _table(words: Words, chunk: Chunk) -> Table:
    value = _value(words, chunk).astype(np.int32)
    row = np.argsort(value, kind="stable").astype(np.int32)
    bucket = np.zeros(2**chunk.width + 1, np.int32)
    np.cumsum(np.bincount(value, minlength=2**chunk.width), out=bucket[1:])
    return Table(row, value.take(row), bucket, words.take(row, axis=1))


def _value(words: Words, chunk: Chunk) -> Words:
    """The bits of `chunk`, uint64 (n,)."""
    word, shift = divmod(chunk.start, 64)
    value = words[word] >> np.uint64(shift)
    if shift + chunk.width > 64:
        value = value | words[word + 1] << np.uint64(64 - shift)
    return value & np.uint64(2**chunk.width - 1)


def _candidates(table: Table, base: Table, chunk: Chunk) -> Iterator[tuple[Positions, Positions]]:
    """Positions in both tables of hashes whose `chunk` differs in at most its radius; each pair of one table once."""
    for flips in range(chunk.radius + 1):
        for flipped in combinations(range(chunk.width), flips):
            position = np.arange(len(table.row), dtype=np.int32)
            if table is base and flipped:
                position = position[table.key >> flipped[0] & 1 == 0]
            value = table.key[position] ^ np.int32(sum(1 << bit for bit in flipped))
            low = position + np.int32(1) if table is base and not flipped else base.bucket.take(value)
            yield from _spelled_out(position, low, base.bucket.take(value + 1) - low)


def _spelled_out(position: Positions, low: Positions, count: Positions) -> Iterator[tuple[Positions, Positions]]:
    """Each position with `count` ones from `low`, some BLOCK pairs at a time."""
    end = np.cumsum(count, dtype=np.int64)
    total = int(end[-1]) if len(end) else 0
    cuts = np.unique([*np.searchsorted(end, range(0, total, BLOCK), side="right"), len(end)])
    for start, stop in pairwise(cuts.tolist()):
        some = slice(start, stop)
        begin = end[start] - count[start]
        offset = (low[some] - (end[some] - count[some] - begin)).astype(np.int32)
        owner = np.repeat(np.arange(stop - start), count[some])
        yield position[some].take(owner), np.arange(len(owner), dtype=np.int32) + offset.take(owner)


def _close(
    table: Table, base: Table, left: Positions, right: Positions, chunk: Chunk, max_distance: int
) -> tuple[Positions, Positions, Positions]:
    """Those pairs that are at most `max_distance` bits apart, and how many they are."""
    distance = np.zeros(len(left), np.int32)
    number = len(base.words)
    for word in range(number):
        # Words that share no bit with the chunk come first: they tell most.
        place = (word + (chunk.start + chunk.width) // 64 + 1) % number
        distance += np.bitwise_count(table.words[place].take(left) ^ base.words[place].take(right))
        near = np.flatnonzero(distance <= max_distance)
        left, right, distance = left[near], right[near], distance[near]
    return left, right, distance


def _found(turned: Words, base: Words, first: Positions, second: Positions, chunks: list[Chunk]) -> NDArray[np.bool_]:
    """Which pairs one of `chunks` finds."""
    found = np.zeros(len(first), bool)
    for chunk in chunks:
        rest = np.flatnonzero(~found)
        differ = _value(turned[:, first[rest]] ^ base[:, second[rest]], chunk)
        found[rest] = np.bitwise_count(differ) <= chunk.radius
    return found


def _part(first: NDArray[Any], second: NDArray[Any], code: int, distance: NDArray[Any]) -> Found:
    codes = np.full(len(first), code, np.int8)
    return first.astype(np.int32), second.astype(np.int32), codes, distance.astype(np.int32)


def _nearest(parts: list[Found]) -> Matches:
    """All of `parts` in order, each pair once, by its least distance."""
    empty = _part(np.zeros(0), np.zeros(0), 0, np.zeros(0))
    first, second, code, distance = (np.concatenate(arrays) for arrays in zip(empty, *parts, strict=True))
    order = np.lexsort((code, distance, second, first))
    first, second = first[order], second[order]
    new = np.ones(len(first), bool)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    kept = order[new]
    return Matches(*(array.astype(np.int64) for array in (first[new], second[new], code[kept], distance[kept])))
