"""How many images that are no cells the model refuses, and how many cells it refuses for that.

    python -m benchmarks.ood                     # patches of images that come with libraries, and drawings
    python -m benchmarks.ood --replica hard.npz  # and what is planted in a replica, its truth beside it

Run in a project with a model; `--model` and `--data` name others. Cells are the test rows, clean and under mixed
corruptions. Nothing that is refused here was ever shown to the detector. Targets: at least 0.99 of out-of-distribution
images, at most 0.01 of cells.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import roc_auc_score

from benchmarks.outliers import images
from benchmarks.targets import Claim, table
from tasks import splits
from tasks.corruptions import benchmark
from tasks.demo import outliers as drawn
from tasks.selective import selective_classifier
from tasks.selective.calibration import OOD, SelectivePrediction
from tasks.selective.selective_classifier import SelectiveClassifier

BATCH = 64
NO_CELL = ("photograph", "blank", "noise", "half-black", "foreign")
"""Kinds of a replica that show no cell."""


def judged(model: SelectiveClassifier, images: NDArray[np.uint8]) -> SelectivePrediction:
    return model.over(images[start : start + BATCH] for start in range(0, len(images), BATCH))


def patches(each: int, side: int, seed: int) -> NDArray[np.uint8]:
    """Squares cut at random places and sizes out of every image."""
    rng, found = np.random.default_rng(seed), []
    for image in images().values():
        for _ in range(each):
            size = int(rng.integers(100, min(image.size) + 1))
            left, top = (int(rng.integers(0, length - size + 1)) for length in image.size)
            patch = image.crop((left, top, left + size, top + size))
            found.append(np.asarray(patch.resize((side, side), Image.Resampling.BICUBIC)))
    return np.stack(found)


def drawings(number: int, side: int) -> NDArray[np.uint8]:
    """Landscapes, pages and the like, as the demo draws them, each another one."""
    made = [draw(np.random.default_rng(seed)) for draw in (drawn.landscape, drawn.page) for seed in range(number)]
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side))) for one in made])


def planted(file: Path) -> dict[str, NDArray[np.uint8]]:
    """By kind, the images of a replica that show no cell, each content once."""
    rows = json.loads(file.with_suffix(".json").read_text())
    kinds = np.array([row["kind"] for row in (rows["rows"] if isinstance(rows, dict) else rows)])
    images = np.load(file)["images"]
    return {kind: np.unique(images[kinds == kind], axis=0) for kind in NO_CELL if (kinds == kind).any()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("data/model"))
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--replica", type=Path)
    parser.add_argument("--each", type=int, default=12, help="patches of each image")
    given = parser.parse_args()
    model = selective_classifier.load(given.model)
    arrays, (test,) = splits.read(given.data / "clean", given.data / "ingested", model.classes, ["test"])
    cells = arrays.take(test.places)
    clean, mixed = judged(model, cells), judged(model, benchmark.mixed(cells, test.ids, 0))
    strange = {"patches": patches(given.each, model.image_size, 1), "drawings": drawings(60, model.image_size)}
    strange |= planted(given.replica) if given.replica else {}
    claims = []
    for name, shown in strange.items():
        said = judged(model, shown)
        area = roc_auc_score(np.repeat([0, 1], [len(cells), len(shown)]), np.append(clean.score, said.score))
        share = float((said.why == OOD).mean())
        claims.append(Claim(f"{name}: share refused of {len(shown)} (AUROC {area:.4f})", share, 0.99))
    for name, said in (("clean", clean), ("under mixed corruptions", mixed)):
        share = float((said.why == OOD).mean())
        claims.append(
            Claim(f"cells, {name}: share refused of {len(cells)}", share, 0.01 if name == "clean" else None, True)
        )
    print(table(claims))


if __name__ == "__main__":
    main()
