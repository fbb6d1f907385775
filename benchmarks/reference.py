"""Makes tasks/outliers/reference.npz: what small sets are compared with (see tasks/outliers/reference.py).

    python -m benchmarks.reference CELLS

CELLS has a folder of images per class. The other images are patches of those that come with scikit-image and
matplotlib. `benchmarks.small` fits it to halves of both, and judges it on the other halves.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.outliers import embedded, images, patches
from tasks import params
from tasks.features import hellinger
from tasks.ingest.images import Treatment, ingest_batch
from tasks.ingest.settings import Ingest
from tasks.outliers.detector import MAD_TO_SIGMA
from tasks.outliers.reference import FILE, Reference

EACH = 40
"""Patches of each image."""
BATCH = 64
STRENGTH = 10.0
"""Inverse of the weight of the penalty."""


def fit(cells: NDArray[np.float32], others: NDArray[np.float32]) -> Reference:
    """From features of both, (n, d); each side counts as much as the cells do."""
    both = np.concatenate([hellinger(cells), hellinger(others)])
    foreign = np.repeat([0, 1], [len(cells), len(others)])
    weights = np.where(foreign, len(cells) / len(others), 1.0)
    model = LogisticRegression(C=STRENGTH, max_iter=5000).fit(both, foreign, sample_weight=weights)
    ratio = both[: len(cells)] @ model.coef_[0] + model.intercept_[0]
    spread = MAD_TO_SIGMA * float(np.median(np.abs(ratio - np.median(ratio))))
    return Reference(model.coef_[0].astype(np.float32), float(model.intercept_[0]), spread)


def cells(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Features of the images in a folder per class, as ingest and embed make them, and their classes."""
    ingest = params.load(Ingest)
    treatment = Treatment(ingest.image_size, ingest.hash_size, ingest.crop)
    files = sorted(file for file in folder.glob("*/*") if not file.name.startswith("."))
    found = []
    for start in range(0, len(files), BATCH):
        batch = [file.read_bytes() for file in files[start : start + BATCH]]
        found.append(embedded(ingest_batch(batch, treatment).pixels))
    return np.concatenate(found), np.array([file.parent.name for file in files])


def others(side: int, each: int = EACH) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Features of patches, and the names of the images that they are of."""
    given = images()
    return embedded(np.concatenate([patches(one, each, side) for one in given.values()])), np.repeat(list(given), each)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", type=Path)
    given = parser.parse_args()
    made = fit(cells(given.cells)[0], others(params.load(Ingest).image_size)[0])
    np.savez(FILE, weights=made.weights, intercept=np.float32(made.intercept), spread=np.float32(made.spread))
    print(f"{FILE}: intercept {made.intercept:.3f}, spread {made.spread:.3f}")


if __name__ == "__main__":
    main()
