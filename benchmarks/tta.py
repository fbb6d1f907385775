"""What test-time augmentation gains, and what it costs: accuracy and seconds with 1, 4 and 8 orientations.

    python -m benchmarks.tta

Run in a project with a model; `--model` and `--data` name others. On the test rows, clean and under mixed corruptions.
The peer is the same model with one orientation, in the same run.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from tasks import splits
from tasks.corruptions import benchmark
from tasks.evaluate import metrics
from tasks.selective import selective_classifier

BATCH = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("data/model"))
    parser.add_argument("--data", type=Path, default=Path("data"))
    given = parser.parse_args()
    model = selective_classifier.load(given.model)
    arrays, (test,) = splits.read(given.data / "clean", given.data / "ingested", model.classes, ["test"])
    cells = arrays.take(test.places)
    sets = {"clean": cells, "mixed": benchmark.mixed(cells, test.ids, 0)}
    model.predict(cells[:BATCH])  # the network is traced
    print("| set | orientations | accuracy | gain | ECE | time ratio |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, shown in sets.items():
        batches = [shown[start : start + BATCH] for start in range(0, len(shown), BATCH)]
        one = None
        for tta in selective_classifier.TTA:
            start = time.perf_counter()
            said = model.over(batches, tta)
            seconds = time.perf_counter() - start
            accuracy = float(np.mean(said.predicted == test.labels))
            one = one or (accuracy, seconds)
            error = metrics.calibration_error(test.labels, said.probabilities)
            gain, ratio = accuracy - one[0], seconds / one[1]
            print(f"| {name} | {tta} | {accuracy:.4f} | {gain:+.4f} | {error:.4f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
