"""How many outliers of other kinds than the planted ones outlier removal finds among the cells that are kept.

    python -m benchmarks.outliers            # 10 patches of each image
    python -m benchmarks.outliers --each 60

Run in a project that is up to date to `split`. The images are those that come with scikit-image and matplotlib:
photographs, drawings, textures, scans and micrographs. Patches of each are cut at random places and sizes, embedded as
the stage embeds, and put among the features of what is kept; nothing is written. Target: 0.99 found, no cell lost.
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import skimage
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from benchmarks.targets import Claim, table
from tasks import params, store
from tasks.features import principal
from tasks.lite0_layout import WEIGHTS
from tasks.lite0_onnx import Embedder
from tasks.outliers.detector import detect
from tasks.outliers.settings import Outliers

FOLDERS = (Path(skimage.__file__).parent / "data", Path(matplotlib.get_data_path()) / "sample_data")
LEAST = 130
"""Side in pixels of the smallest image that is used."""
BATCH = 32


class Joined:
    """Features of the cells and then those of the patches, read as `store.Arrays` is."""

    def __init__(self, cells: store.Arrays, places: NDArray[np.int64], patches: NDArray[np.float32]):
        self._cells, self._places, self._patches = cells, places, patches

    def take(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        row, known = places[:, 1], len(self._places)
        out = np.empty((len(row), self._patches.shape[1]), np.float32)
        out[row < known] = self._cells.take(self._places[row[row < known]])
        out[row >= known] = self._patches[row[row >= known] - known]
        return out


def images() -> dict[str, Image.Image]:
    """By name, those that Pillow opens and that are large enough."""
    found = {}
    for file in sorted(file for folder in FOLDERS for file in folder.glob("*.*")):
        try:
            image = Image.open(file).convert("RGB")
        except (UnidentifiedImageError, OSError):
            continue
        if min(image.size) >= LEAST:
            found[file.name] = image
    return found


def patches(image: Image.Image, count: int, side: int) -> NDArray[np.uint8]:
    """Squares of random place and size, uint8 (count, side, side, 3)."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        size = rng.integers(LEAST - 10, min(image.size), endpoint=True)
        left, top = (rng.integers(0, length - size, endpoint=True) for length in image.size)
        square = image.crop((left, top, left + size, top + size))
        found.append(np.asarray(square.resize((side, side), Image.Resampling.BICUBIC)))
    return np.stack(found)


def embedded(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    embedder = Embedder(Path("data/pretrained") / WEIGHTS)
    return np.concatenate([embedder(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--each", type=int, default=10, help="patches of each image")
    count = parser.parse_args().each
    rows = store.read_rows(Path("data/clean")).query("kept")
    given = images()
    side = store.pixels(Path("data/ingested"), rows).shape[0]
    outliers = embedded(np.concatenate([patches(image, count, side) for image in given.values()]))
    cells, settings = store.features(Path("data/embedded"), rows), params.load(Outliers)
    joined = Joined(cells, cells.places(rows), outliers)
    total = len(rows) + len(outliers)
    places = np.stack([np.zeros(total, np.int64), np.arange(total)], axis=1)
    points = principal(joined, places, settings.components, settings.whitening)
    result = detect(points, np.ones(total, bool), settings.neighbours, settings.false_alarm)
    beyond = result.scores > result.limit
    by_name = pd.Series(beyond[len(rows) :], index=np.repeat(list(given), count)).groupby(level=0).mean()
    print(f"{len(rows):,} cells, {len(outliers):,} patches of {len(given)} images, limit {result.limit:.2f}")
    print(f"cells score up to {result.scores[: len(rows)].max():.2f}")
    print(f"not all found: {by_name[by_name < 1].round(3).to_dict()}\n")
    lost = int(beyond[: len(rows)].sum())
    print(table([Claim("patches found", float(by_name.mean()), 0.99), Claim("cells lost", lost, 0, most=True)]))


if __name__ == "__main__":
    main()
