"""Milliseconds an image of each corruption of the benchmark, against the validation corruptions in the same run.

    python -m benchmarks.corruptions

Target: a kind of the benchmark takes on average no longer than a kind by which a training is judged; and at 2,400 test
images, 55 corruptions and mixed corruptions, what is corrupted costs a small part of what a network of 400 images a
second costs. All get the same drawn cells, 96 x 96, at severities 1, 3 and 5. It is time of the processor, of one core.
Kinds run in turn, a round each, so that whatever else the machine does meets all; medians are told.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.targets import Claim, table
from tasks.corruptions import benchmark, validation
from tasks.demo import cells, smear

IMAGES, ROUNDS, SEVERITIES = 32, 9, (1, 3, 5)
NETWORK = 1000 / 400
"""Milliseconds an image of EfficientNet-Lite0 on 2 cores."""
Run = Callable[[], object]


def drawn() -> np.ndarray:
    draw = (cells.neutrophil, cells.eosinophil, cells.lymphocyte, cells.platelet)
    rngs = [np.random.default_rng(k) for k in range(IMAGES)]
    return np.stack([smear.photograph(rng, draw[k % len(draw)](rng), smear.MAIN) for k, rng in enumerate(rngs)])


def runs(images: np.ndarray) -> dict[tuple[str, str], Run]:
    """What is timed, by set and kind."""
    ids, seeds = [f"{k:x}" for k in range(len(images))], np.arange(len(images), dtype=np.uint64)
    each: dict[tuple[str, str], Run] = {}
    for kind in benchmark.KINDS:
        each["corruptions", kind] = lambda kind=kind: [benchmark.corrupt(images, kind, k, ids, 0) for k in SEVERITIES]
    for kind in validation.KINDS:
        each["validation", kind] = lambda kind=kind: [validation.corrupt(images, kind, k, seeds) for k in SEVERITIES]
    each["chain", "benchmark's mixed"] = lambda: [benchmark.mixed(images, ids, seed) for seed in SEVERITIES]
    each["chain", "validation's"] = lambda: [validation.chain(images, ids, seed) for seed in SEVERITIES]
    return each


def milliseconds(run: Run) -> float:
    """Of the processor, an image."""
    start = time.process_time()
    run()
    return 1000 * (time.process_time() - start) / (IMAGES * len(SEVERITIES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    each = runs(drawn())
    rounds = [{name: milliseconds(run) for name, run in each.items()} for _ in range(arguments.rounds)]
    took = {name: statistics.median(times[name] for times in rounds) for name in each}
    means = {of: statistics.mean(ms for (name, _), ms in took.items() if name == of) for of, _ in each}
    print(f"{'':<11}{'kind':<22}{'ms an image':>14}{'/ validation':>14}")
    for (of, kind), ms in took.items():
        print(f"{of:<11}{kind:<22}{ms:>14.3f}{ms / means['validation']:>14.2f}")
    whole = (
        len(benchmark.KINDS) * benchmark.SEVERITIES * means["corruptions"] + took["chain", "benchmark's mixed"]
    ) / 56
    claims = [
        Claim(
            "mean of the benchmark's kinds / of validation's",
            means["corruptions"] / means["validation"],
            1.0,
            most=True,
        ),
        Claim("benchmark and mixed, one core / network, an image", whole / NETWORK, 0.25, most=True),
    ]
    print(f"\n{table(claims)}")


if __name__ == "__main__":
    main()
