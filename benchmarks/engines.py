"""Whether a model's answers by ONNX Runtime are those by Keras, on real cells, as they are and corrupted.

    python -m benchmarks.engines CELLS --model data/model

CELLS is a folder of images at any depth. They are spread over all of it; the corrupted ones are under the benchmark's
mixed corruptions. A row is where the two say differently whether, and why, there is no answer.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.targets import Claim, table
from operations.predict import treated
from tasks.corruptions import benchmark
from tasks.selective.calibration import SelectivePrediction
from tasks.selective.selective_classifier import SelectiveClassifier, load, load_keras

BATCH, SEED = 64, 0
TOLERANCE = 1e-4


def spread(cells: Path, number: int, model: SelectiveClassifier) -> NDArray[np.uint8]:
    """That many of the images below the folder, as the network sees them."""
    files = sorted(file for file in cells.rglob("*") if file.is_file())
    found: list[NDArray[np.uint8]] = []
    for file in files[:: max(1, len(files) // (number + 1))]:
        try:
            found.append(treated(file.read_bytes(), model.crop, model.image_size))
        except ValueError:
            continue
    return np.stack(found[:number])


def said(model: SelectiveClassifier, images: NDArray[np.uint8]) -> SelectivePrediction:
    return model.over(images[start : start + BATCH] for start in range(0, len(images), BATCH))


def claims(name: str, images: NDArray[np.uint8], onnx: SelectiveClassifier, keras: SelectiveClassifier) -> list[Claim]:
    one, other = said(onnx, images), said(keras, images)
    temperature = onnx.calibration.temperature
    pairs = {
        "probability": (one.probabilities, other.probabilities),
        "score": (one.score, other.score),
        "temperature": (temperature.of(one.score), temperature.of(other.score)),
    }
    found = [
        Claim(f"{name}: largest difference of a {what}", float(np.abs(here - there).max()), TOLERANCE, most=True)
        for what, (here, there) in pairs.items()
    ]
    return [*found, Claim(f"{name}: rows that differ in abstention", int((one.why != other.why).sum()), 0, most=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("cells", type=Path)
    parser.add_argument("--model", type=Path, default=Path("data/model"))
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--corrupted", type=int, default=500)
    given = parser.parse_args()
    onnx, keras = load(given.model), load_keras(given.model)
    images = spread(given.cells, given.images, onnx)
    some = images[:: max(1, len(images) // given.corrupted)][: given.corrupted]
    corrupted = benchmark.mixed(some, [str(place) for place in range(len(some))], SEED)
    print(f"{len(images)} images, {len(corrupted)} corrupted")
    print(table(claims("clean", images, onnx, keras) + claims("corrupted", corrupted, onnx, keras)))


if __name__ == "__main__":
    main()
