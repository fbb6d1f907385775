"""Milliseconds a picture of each distortion of the suite, against the validation distortions in the same run.

    python -m benchmarks.distortions

Target: a kind of the suite takes on average no longer than a kind by which a training is judged; and at 2,400 test
pictures, 55 cells and the mix, what is distorted costs a small part of what a network of 400 pictures a second costs.
All get the same drawn cells, 96 x 96, at severities 1, 3 and 5. It is time of the processor, of one core. Kinds run
in turn, a round each, so that whatever else the machine does meets all; medians are told.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.targets import Claim, table
from tasks.demo import cells, smear
from tasks.distortions import suite, validation

PICTURES, ROUNDS, SEVERITIES = 32, 9, (1, 3, 5)
NETWORK = 1000 / 400
"""Milliseconds a picture of EfficientNet-Lite0 on 2 cores."""
Run = Callable[[], object]


def drawn() -> np.ndarray:
    draw = (cells.neutrophil, cells.eosinophil, cells.lymphocyte, cells.platelet)
    rngs = [np.random.default_rng(k) for k in range(PICTURES)]
    return np.stack([smear.photograph(rng, draw[k % len(draw)](rng), smear.MAIN) for k, rng in enumerate(rngs)])


def runs(pictures: np.ndarray) -> dict[tuple[str, str], Run]:
    """What is timed, by set and kind."""
    ids, seeds = [f"{k:x}" for k in range(len(pictures))], np.arange(len(pictures), dtype=np.uint64)
    each: dict[tuple[str, str], Run] = {}
    for kind in suite.KINDS:
        each["suite", kind] = lambda kind=kind: [suite.distort(pictures, kind, k, ids, 0) for k in SEVERITIES]
    for kind in validation.KINDS:
        each["validation", kind] = lambda kind=kind: [validation.distort(pictures, kind, k, seeds) for k in SEVERITIES]
    each["chain", "suite's mix"] = lambda: [suite.mix(pictures, ids, seed) for seed in SEVERITIES]
    each["chain", "validation's"] = lambda: [validation.chain(pictures, ids, seed) for seed in SEVERITIES]
    return each


def milliseconds(run: Run) -> float:
    """Of the processor, a picture."""
    start = time.process_time()
    run()
    return 1000 * (time.process_time() - start) / (PICTURES * len(SEVERITIES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    each = runs(drawn())
    rounds = [{name: milliseconds(run) for name, run in each.items()} for _ in range(arguments.rounds)]
    took = {name: statistics.median(times[name] for times in rounds) for name in each}
    means = {of: statistics.mean(ms for (name, _), ms in took.items() if name == of) for of, _ in each}
    print(f"{'':<11}{'kind':<22}{'ms a picture':>14}{'/ validation':>14}")
    for (of, kind), ms in took.items():
        print(f"{of:<11}{kind:<22}{ms:>14.3f}{ms / means['validation']:>14.2f}")
    cells_and_mix = (len(suite.KINDS) * suite.SEVERITIES * means["suite"] + took["chain", "suite's mix"]) / 56
    claims = [
        Claim("mean of the suite's kinds / of validation's", means["suite"] / means["validation"], 1.0, most=True),
        Claim("suite and mix, one core / network, a picture", cells_and_mix / NETWORK, 0.25, most=True),
    ]
    print(f"\n{table(claims)}")


if __name__ == "__main__":
    main()
