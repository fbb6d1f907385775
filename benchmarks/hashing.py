"""The rate of perceptual hashes as ingest makes them, against imagehash's own loop; the bits must be equal.

    python -m benchmarks.hashing                    # the images of data/ingested/demo
    python -m benchmarks.hashing images.npz       # or those of an npz, under the key images

Target: 1.5 times the peer's rate, with 2 processes. Measured: 1.0 times the rate of imagehash on the images as
they came, missed; and 10 times that of imagehash on all eight orientations, of which ingest makes the hashes: the
same work, timed on some of the images. Medians of three, the three in turn.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.targets import Claim, table
from tasks import store
from tasks.ingest import workers
from tasks.ingest.phash import phash

HASH_SIZE, BATCH, RUNS = 16, 128, 3
SOME = 1000
Images = NDArray[np.uint8]


def images(file: Path) -> Images:
    """uint8 (n, height, width, 3)."""
    loaded = np.load(file)
    return loaded if isinstance(loaded, np.ndarray) else loaded["images"]


def own(given: Images, processes: int) -> NDArray[np.bool_]:
    """Bits, (n, 8, bits), through the pool that ingest uses."""
    batches = (given[start : start + BATCH] for start in range(0, len(given), BATCH))
    return np.concatenate(list(workers.ordered(_hashed, batches, processes)))


def _hashed(given: Images) -> NDArray[np.bool_]:
    return phash([Image.fromarray(image).convert("L") for image in given], HASH_SIZE)


def peer(given: Images, orientations: int) -> NDArray[np.bool_]:
    """Bits, (n, orientations, bits), image by image."""
    turned = [store.turned(given, code) for code in range(orientations)]
    return np.stack([np.stack([_one(image) for image in images]) for images in turned], axis=1)


def _one(image: Images) -> NDArray[np.bool_]:
    return imagehash.phash(Image.fromarray(image), HASH_SIZE).hash.reshape(-1)


def rate(function: Callable[[], NDArray[np.bool_]]) -> tuple[float, NDArray[np.bool_]]:
    """Images a second, and the bits."""
    start = time.perf_counter()
    bits = function()
    return len(bits) / (time.perf_counter() - start), bits


def measured(given: Images, processes: int) -> dict[str, float]:
    """Median rates by name; raises SystemExit where bits differ."""
    peers = {"imagehash": (given, 1), "imagehash, all eight": (given[:SOME], 8)}
    rates: dict[str, list[float]] = {name: [] for name in [*peers, "ingest, all eight"]}
    for _ in range(RUNS):
        own_rate, bits = rate(lambda: own(given, processes))
        rates["ingest, all eight"].append(own_rate)
        for name, work in peers.items():
            peer_rate, expected = rate(lambda work=work: peer(*work))
            rates[name].append(peer_rate)
            differ = (bits[: len(expected), : expected.shape[1]] != expected).any(axis=2).sum()
            if differ:
                raise SystemExit(f"{differ} of {expected.shape[0] * expected.shape[1]} hashes differ from {name}'s")
    return {name: statistics.median(each) for name, each in rates.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=Path("data/ingested/demo/pixels.npy"), help="npy or npz")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    given = images(arguments.file)
    *peers, (name, reached) = measured(given, arguments.processes).items()
    print(f"{len(given):,} images, all bits equal\n{'':<24}{'images/s':>12}")
    for each, figure in [*peers, (name, reached)]:
        print(f"{each:<24}{figure:>12,.0f}")
    print(f"\n{table([Claim(f'{name} / {peer}', reached / figure, 1.5) for peer, figure in peers])}")


if __name__ == "__main__":
    main()
