"""Images a second of augmentation in `tf.data`, the engine `batched` against KerasCV, each recipe.

    python -m benchmarks.augmentation                # all recipes
    python -m benchmarks.augmentation randaugment_cutout --rounds 7

Target: twice KerasCV's rate for RandAugment, two operations, with cutout. Both engines get the same random images,
uint8 in memory, 96 x 96 in batches of 64, magnitude 0.3, in a map with AUTOTUNE as a training has it. They run in turn,
a round each, so that whatever else the machine does meets both; medians are told. The first pass, in which functions
are compiled or traced, does not count: a training pays it once. How long it took is told beside.
"""

import argparse
import statistics
import time

import numpy as np
import tensorflow as tf

from benchmarks.targets import Claim, table
from tasks.augment.recipes import augmenter
from tasks.augment.table import ENGINES, OF_ENGINE, Recipe

SIDE, BATCH, BATCHES, ROUNDS = 96, 64, 24, 5
TARGETS = {"randaugment_cutout": 2.0}


def batches(recipe: Recipe, images: np.ndarray) -> tf.data.Dataset:
    change, held = augmenter(recipe, 0), tf.constant(images)

    def load(step: tf.Tensor) -> tf.Tensor:
        start = step * BATCH % len(images)
        return change(tf.cast(held[start : start + BATCH], tf.float32), step)

    steps = tf.data.Dataset.range(BATCHES)
    return steps.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)


def seconds(data: tf.data.Dataset) -> float:
    """From the first batch to the last; each pass is read anew, so nothing was read ahead in another's time."""
    start = time.perf_counter()
    for _ in data:
        pass
    return time.perf_counter() - start


def measured(name: str, images: np.ndarray, rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Median rates, and seconds of a first pass, which compiles or traces, by engine."""
    sources = {engine: batches(Recipe(engine, name, 2, 0.3, 0.3), images) for engine in ENGINES}
    first = {engine: seconds(source) for engine, source in sources.items()}
    rates: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    for _ in range(rounds):
        for engine, source in sources.items():
            rates[engine].append(BATCH * BATCHES / seconds(source))
    return {engine: statistics.median(each) for engine, each in rates.items()}, first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=", ".join(OF_ENGINE["keras_cv"][1:]))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    images = np.random.default_rng(0).integers(0, 256, (BATCH * BATCHES, SIDE, SIDE, 3), np.uint8)
    claims = []
    print(f"{'images/s':<22}{'batched':>10}{'keras_cv':>10}{'first pass, s':>18}")
    for name in arguments.recipes or OF_ENGINE["keras_cv"][1:]:
        rates, first = measured(name, images, arguments.rounds)
        starts = f"{first['batched']:.1f}, {first['keras_cv']:.1f}"
        print(f"{name:<22}{rates['batched']:>10,.0f}{rates['keras_cv']:>10,.0f}{starts:>18}", flush=True)
        claims.append(Claim(f"{name}: batched / keras_cv", rates["batched"] / rates["keras_cv"], TARGETS.get(name)))
    print(f"\n{table(claims)}")


if __name__ == "__main__":
    main()
