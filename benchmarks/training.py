"""Training: the input path, the frozen phase, and the time to a given accuracy on corrupted images.

    python -m benchmarks.training path      # full input path with augmentation / the bare step on a batch in memory
    python -m benchmarks.training frozen    # an epoch of the frozen phase on features / on images
    python -m benchmarks.training race --reach 0.85 --share 0.25   # on the project's data/clean, against a plain script

Targets: path at least 0.9, frozen at least 20 times the images a second, race at most 0.5 of the peer's seconds.
`path` and `frozen` take random images; rounds alternate, and their medians are told. `race` ends a side at the first
epoch that reaches the accuracy; both sides judge after each epoch, on the same corrupted validation images. It runs
on whatever hardware `train` would take.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from benchmarks import plain
from benchmarks.targets import Claim, table
from tasks import hardware, loader, params, splits
from tasks.backbones import build
from tasks.params import Classes
from tasks.splits import Part
from tasks.train import judge, parts, phase, phases, training
from tasks.train.settings import Train
from tasks.train.state import Progress, State

ROUNDS, STEPS, ROWS, SIDE = 3, 24, 2048, 96
PRETRAINED = Path("data/pretrained")
LITE0 = PRETRAINED / "efficientnet_lite0_imagenet_notop.weights.h5"


class Reached(Exception):  # noqa: N818
    """Ends a training that is good enough."""


class Images:
    """Random images behind a memory map, as a delivery's are."""

    def __init__(self, folder: str):
        file = Path(folder) / "pixels.npy"
        np.save(file, np.random.default_rng(0).integers(0, 256, (ROWS, SIDE, SIDE, 3), np.uint8))
        self._array = np.load(file, mmap_mode="r")
        self.dtype, self.shape = self._array.dtype, self._array.shape[1:]

    def take(self, places: np.ndarray) -> np.ndarray:
        return self._array[places if places.ndim == 1 else places[:, 1]]


def set_up(settings: Train, folder: str, names: list[str]) -> tuple[phases.Data, hardware.Hardware]:
    machine = hardware.find(settings.precision)
    print(f"on {machine.sentence()}; {settings.backbone}, batch {settings.batch}", flush=True)
    labels = np.arange(ROWS) % len(names)
    part = Part(np.stack([labels * 0, np.arange(ROWS)], axis=1), labels, [f"{k:016x}" for k in range(ROWS)])
    return phases.Data(Images(folder), part, part, names, np.ones(len(names), np.float32), Images(folder)), machine


def alternating(sides: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Median of each side over the rounds, after one that does not count."""
    figures: dict[str, list[float]] = {name: [] for name in sides}
    for count in range(ROUNDS + 1):
        for name, run in sides.items():
            figure = run()
            if count:
                figures[name].append(figure)
    return {name: statistics.median(each) for name, each in figures.items()}


def rate(model: keras.Model, data: tf.data.Dataset, steps: int, batch: int) -> float:
    """Images a second of `fit`, from its first step to its last."""
    start = time.perf_counter()
    model.fit(data, steps_per_epoch=steps, epochs=1, shuffle=False, verbose=0)
    return steps * batch / (time.perf_counter() - start)


def path(settings: Train) -> list[Claim]:
    names = params.load(Classes).names
    with tempfile.TemporaryDirectory() as folder:
        data, machine = set_up(settings, folder, names)
        backbone, _, whole = training.networks(settings, SIDE, names, PRETRAINED, machine.policy)
        build.unfreeze(backbone, settings.backbone, settings.finetune_blocks, settings.finetune_layers)
        what = phases.finetune(settings, data, machine)
        learner = phase.compiled(what, whole, settings)
        bare = phase.compiled(replace(what, change=None), whole, settings)
        one = next(iter(what.batches(range(1))))
        rates = alternating(
            {
                "bare step": lambda: rate(bare, tf.data.Dataset.from_tensors(one).repeat(), STEPS, settings.batch),
                "input path": lambda: rate(learner, what.batches(range(STEPS)), STEPS, settings.batch),
            }
        )
    tell(rates)
    return [Claim("input path / bare step", rates["input path"] / rates["bare step"], 0.9)]


def frozen(settings: Train) -> list[Claim]:
    names = params.load(Classes).names
    with tempfile.TemporaryDirectory() as folder:
        data, machine = set_up(settings, folder, names)
        backbone, head, whole = training.networks(settings, SIDE, names, PRETRAINED, machine.policy)
        backbone.trainable = False
        start = time.perf_counter()
        features = phases.frozen(settings, data, backbone, Path(folder) / "features", machine)
        once = 3 * ROWS / (time.perf_counter() - start)
        still = settings.model_copy(update={"augment": settings.augment.model_copy(update={"recipe": "none"})})
        images = phases.finetune(still, data, machine)
        learners = [phase.compiled(images, whole, settings), phase.compiled(features, head, settings)]
        steps = features.steps
        rates = alternating(
            {
                "on images": lambda: rate(learners[0], images.batches(range(steps)), steps, settings.batch),
                "on features": lambda: rate(learners[1], features.batches(range(steps)), steps, settings.batch),
            }
        )
    tell({**rates, "features, once": once})
    return [Claim("frozen epoch on features / on images", rates["on features"] / rates["on images"], 20)]


def race(settings: Train, share: float, reach: float, clean: Path, ingested: Path) -> list[Claim]:
    names = params.load(Classes).names
    arrays, (train, val) = splits.read(clean, ingested, names, ["train", "val"])
    train = parts.share(train, share, 0)
    machine = hardware.find(settings.precision)
    print(f"on {machine.sentence()}; {len(train)} images to train on, {len(val)} to judge, until {reach}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        data = training.prepared(settings, arrays, train, val, names, Path(folder))
        seconds = {
            "hemaflow": own(settings, arrays, train, val, names, Path(folder) / "own", machine, reach),
            "plain script": peer(settings, data, reach),
        }
    for name, took in seconds.items():
        print(f"{name:<16}{took:>10.1f} s")
    ratio = seconds["hemaflow"] / seconds["plain script"]
    return [Claim(f"seconds to {reach} on corrupted images / the plain script's", ratio, 0.5, most=True)]


def own(settings: Train, arrays, train: Part, val: Part, names, state: Path, machine, reach: float) -> float:
    start = time.perf_counter()
    written = State.write

    def write(self: State, progress: Progress) -> None:
        written(self, progress)
        score = (progress.logs or [progress.start])[-1]["val_corruption_accuracy"]
        print(f"  hemaflow      {time.perf_counter() - start:>8.1f} s  {self.folder.name:<9} {score:.4f}", flush=True)
        if score >= reach:
            raise Reached

    State.write = write  # type: ignore[method-assign]
    try:
        training.train(settings, arrays, train, val, names, PRETRAINED, state, machine)
        return float("inf")
    except Reached:
        return time.perf_counter() - start
    finally:
        State.write = written  # type: ignore[method-assign]


def peer(settings: Train, data: phases.Data, reach: float) -> float:
    keras.utils.set_random_seed(settings.seed)
    images = data.arrays.take(data.train.places)
    keys = set(plain.Recipe.__dataclass_fields__)
    given = {name: value for name, value in settings.model_dump().items() if name in keys}
    sets = {"val_corruption": lambda: loader.batches(data.corrupted, np.arange(len(data.val)), settings.batch)}
    start, reached = time.perf_counter(), []

    def after(model: keras.Model) -> bool:
        score = judge.figures(model, sets, data.val.labels)["val_corruption_accuracy"]
        print(f"  plain script  {time.perf_counter() - start:>8.1f} s            {score:.4f}", flush=True)
        if score >= reach:
            reached.append(time.perf_counter() - start)
        return bool(reached)

    recipe = plain.Recipe(**{**given, "dense": tuple(settings.dense)})
    plain.train(images, data.train.labels, len(data.names), LITE0, recipe, after)
    return reached[0] if reached else float("inf")


def tell(rates: dict[str, float]) -> None:
    for name, figure in rates.items():
        print(f"{name:<16}{figure:>10,.0f} images/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=["path", "frozen", "race"])
    parser.add_argument("--reach", type=float, default=0.85, help="race: accuracy on corrupted validation images")
    parser.add_argument("--share", type=float, default=1.0, help="race: share of the training images of each class")
    parser.add_argument("--recipe", help="augmentation recipe instead of that of params.yaml")
    parser.add_argument("--clean", type=Path, default=Path("data/clean"))
    parser.add_argument("--ingested", type=Path, default=Path("data/ingested"))
    arguments = parser.parse_args()
    settings = params.load(Train)
    if arguments.recipe:
        augment = settings.augment.model_copy(update={"recipe": arguments.recipe})
        settings = settings.model_copy(update={"augment": augment})
    if arguments.what == "race":
        claims = race(settings, arguments.share, arguments.reach, arguments.clean, arguments.ingested)
    else:
        claims = {"path": path, "frozen": frozen}[arguments.what](settings)
    print(f"\n{table(claims)}")


if __name__ == "__main__":
    main()
