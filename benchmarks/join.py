"""The exact join of perceptual hashes with planted near copies: time, memory, recall and growth with their number.

    python -m benchmarks.join 100000 1000000

Target for 1 M hashes of 256 bits and a distance of 24, with 2 cores: 120 s, 2 GiB, recall 100 %, growth of at most
n^1.2 from 100 k. Measured: 5 s, 0.4 GiB, 100 %, n^1.0; on a busy machine up to 15 s and n^1.3. The peer is
faiss.IndexBinaryFlat at the smallest size, in the same run. Each figure is the median of three runs in a process of its
own.

Two sorts of hashes: `even` ones are random bits; those of `alike` ones hang together as real cells' do, so that some
chunks of a hash have few values.
"""

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.targets import Claim, table

BITS, DISTANCE, RUNS = 256, 24, 3
BLOCK, QUERIES = 20_000, 4096
FACTORS, NOISE = 24, 0.4
"""Of `alike` hashes: each bit is the sign of a mix of so many factors, and of noise of its own. Two of them agree in 19
or 20 of 20 bits three times as often as `even` ones do, and so do those of the real cells."""


class Planted(NamedTuple):
    """Hashes, uint8 (n, bytes), and pairs of positions in them, `first` < `second`, known to be so many bits apart."""

    hashes: NDArray[np.uint8]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    distance: NDArray[np.int64]


def even(n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    return rng.integers(0, 256, (n, BITS // 8), np.uint8)


def alike(n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    mix = rng.normal(size=(FACTORS, BITS)) * (1 - NOISE) / math.sqrt(FACTORS)
    parts = []
    for start in range(0, n, BLOCK):
        count = min(BLOCK, n - start)
        values = rng.normal(size=(count, FACTORS)) @ mix + NOISE * rng.normal(size=(count, BITS))
        parts.append(np.packbits(values > 0, axis=1))
    return np.concatenate(parts)


SORTS = {"even": even, "alike": alike}


def planted(n: int, sort: str) -> Planted:
    """n hashes, of which one in a hundred is a near copy of another."""
    rng = np.random.default_rng(n)
    hashes = SORTS[sort](n, rng)
    ends = rng.choice(n, 2 * (n // 100), replace=False).reshape(2, -1)
    distance = rng.integers(0, DISTANCE + 1, ends.shape[1])
    bits = np.unpackbits(hashes[ends[0]], axis=1)
    for row, count in zip(bits, distance, strict=True):
        row[rng.choice(BITS, count, replace=False)] ^= 1
    hashes[ends[1]] = np.packbits(bits, axis=1)
    return Planted(hashes, ends.min(axis=0), ends.max(axis=0), distance)


def measured(n: int, sort: str) -> dict[str, float]:
    """What this process takes for the join of n hashes, and the share of the planted pairs that it finds."""
    from tasks.dedupe.join import close

    case = planted(n, sort)
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        matches = close(case.hashes[:, None], DISTANCE)
        seconds.append(time.perf_counter() - start)
    found = dict(zip((matches.first * n + matches.second).tolist(), matches.distance.tolist(), strict=True))
    right = np.array([found.get(key, -1) for key in (case.first * n + case.second).tolist()]) == case.distance
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": statistics.median(seconds), "MiB": peak, "recall": float(right.mean()), "pairs": len(found)}


def flat(n: int) -> float:
    """Seconds that the peer takes for `even` hashes; it would take the same for any. One run."""
    import faiss

    hashes = planted(n, "even").hashes
    index = faiss.IndexBinaryFlat(BITS)
    start = time.perf_counter()
    index.add(hashes)
    for begin in range(0, n, QUERIES):
        index.range_search(hashes[begin : begin + QUERIES], DISTANCE + 1)
    return time.perf_counter() - start


def in_child(call: str) -> Any:
    """What a function of this module returns in a fresh interpreter, whose memory nothing else has touched."""
    code = f"import json; from benchmarks import join; print(json.dumps(join.{call}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def claims(sort: str, sizes: list[int], figures: list[dict[str, float]]) -> list[Claim]:
    """Of the largest size; growth is between the smallest and the largest."""
    last, name = figures[-1], f"{sort}, {sizes[-1]:,} hashes"
    growth = math.log(last["seconds"] / figures[0]["seconds"]) / math.log(sizes[-1] / sizes[0])
    return [
        Claim(f"{name}: seconds", last["seconds"], 120, most=True),
        Claim(f"{name}: peak MiB", last["MiB"], 2048, most=True),
        Claim(f"{name}: recall", min(figure["recall"] for figure in figures), 1),
        Claim(f"{name}: growth, exponent of n", growth, 1.2, most=True),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[100_000, 1_000_000], help="numbers of hashes")
    sizes = sorted(set(parser.parse_args().sizes))
    if len(sizes) < 2:
        parser.error("growth needs two sizes at least")
    peer = in_child(f"flat({sizes[0]})")
    print(f"{'hashes':<12}{'sort':<12}{'seconds':>9}{'of the peer':>13}{'MiB':>8}{'pairs':>9}{'recall':>8}")
    print(f"{sizes[0]:<12,}{'flat scan':<12}{peer:>9.2f}{1:>13.3f}", flush=True)
    found: list[Claim] = []
    for sort in SORTS:
        figures = [in_child(f"measured({n}, {sort!r})") for n in sizes]
        for n, each in zip(sizes, figures, strict=True):
            ratio = f"{each['seconds'] / peer:.3f}" if n == sizes[0] else ""
            print(f"{n:<12,}{sort:<12}{each['seconds']:>9.2f}{ratio:>13}{each['MiB']:>8.0f}", end="")
            print(f"{each['pairs']:>9,}{each['recall']:>8.4f}", flush=True)
        found += claims(sort, sizes, figures)
    print(f"\n{table(found)}")


if __name__ == "__main__":
    main()
