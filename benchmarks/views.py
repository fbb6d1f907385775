"""What test-time augmentation gains, and what it costs: accuracy and seconds with 1, 4 and 8 orientations.

    python -m benchmarks.views

Run in a project with a model; `--model` and `--data` name others. On the test rows, clean and under the mix of
distortions. The peer is the same model with one view, in the same run.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from tasks import splits
from tasks.answers import answerer
from tasks.distortions import suite
from tasks.evaluate import metrics

BATCH = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("data/model"))
    parser.add_argument("--data", type=Path, default=Path("data"))
    given = parser.parse_args()
    model = answerer.load(given.model)
    arrays, (test,) = splits.read(given.data / "clean", given.data / "ingested", model.classes, ["test"])
    cells = arrays.take(test.places)
    sets = {"clean": cells, "mix": suite.mix(cells, test.ids, 0)}
    model.answer(cells[:BATCH])  # the network is traced
    print("| set | views | accuracy | gain | ECE | time / one view |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, shown in sets.items():
        batches = [shown[start : start + BATCH] for start in range(0, len(shown), BATCH)]
        one = None
        for views in answerer.VIEWS:
            start = time.perf_counter()
            said = model.over(batches, views)
            seconds = time.perf_counter() - start
            accuracy = float(np.mean(said.predicted == test.labels))
            one = one or (accuracy, seconds)
            error = metrics.calibration_error(test.labels, said.probabilities)
            gain, ratio = accuracy - one[0], seconds / one[1]
            print(f"| {name} | {views} | {accuracy:.4f} | {gain:+.4f} | {error:.4f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
