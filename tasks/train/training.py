"""The whole recipe: a head on features of the frozen backbone, then the last blocks on augmented images."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import keras

from tasks import hardware
from tasks.backbones import build
from tasks.hardware import Hardware
from tasks.loader import Source
from tasks.splits import Part
from tasks.train import cached, network, parts, phase, phases, start
from tasks.train.phase import Phase
from tasks.train.phases import Data
from tasks.train.settings import Train
from tasks.train.state import Progress, State


@dataclass
class Trained:
    """The best network, from images to probabilities; how each phase went; its seconds and the images it took."""

    network: keras.Model
    phases: dict[str, Progress] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, float]:
        """Of the epoch whose weights these are: the validation figures, clean and corrupted."""
        last = list(self.phases.values())[-1]
        assert last.best
        figures = last.start if not last.best.epoch else last.logs[last.best.epoch - 1]
        return {name: value for name, value in figures.items() if name.startswith("val_")}

    def took(self) -> dict[str, dict[str, float]]:
        """Per phase: epochs, seconds of this run, and images a second in it, reading, judging and saving included."""
        return {
            name: {
                "epochs": len(progress.logs),
                "best_epoch": progress.best.epoch if progress.best else 0,
                "seconds": round(self.seconds[name], 1),
                "images_per_second": round(self.images[name] / self.seconds[name], 1),
            }
            for name, progress in self.phases.items()
        }


def train(
    settings: Train,
    arrays: Source,
    train: Part,
    val: Part,
    names: Sequence[str],
    pretrained: Path,
    state: Path,
    machine: Hardware,
) -> Trained:
    """Train from `settings.seed`; what is unfinished lies in `state`, from which the same call goes on.

    Raises ValueError for settings that do not fit the data and a loss that is no number, FileNotFoundError for absent
    weights, OSError where a checkpoint cannot be written.
    """
    keras.utils.clear_session()  # layers are named by a counter, and the names are part of a model
    keras.utils.set_random_seed(settings.seed)
    data = prepared(settings, arrays, train, val, names, state)
    settings = parts.fitting(settings, data.train)
    with hardware.strategy(machine).scope():
        backbone, head, whole = networks(settings, arrays.shape[0], names, pretrained, machine.policy)
        trained = Trained(whole)
        if settings.frozen_epochs:
            backbone.trainable = False
            made = phases.frozen(settings, data, backbone, state / "features", machine)
            _run(trained, made, head, settings, state)
        if settings.finetune_epochs:
            # What starts from random values has no statistics that would be worth keeping.
            layers = "scratch" if settings.weights == "none" else settings.finetune_layers
            build.unfreeze(backbone, settings.backbone, settings.finetune_blocks, layers)
            _run(trained, phases.finetune(settings, data, machine), whole, settings, state)
    if machine.policy != "float32":
        trained.network = _in_float32(settings, arrays.shape[0], names, whole)
    return trained


def prepared(settings: Train, arrays: Source, train: Part, val: Part, names: Sequence[str], state: Path) -> Data:
    """The rows to train on, their weights in the loss, and the corrupted validation images."""
    weights = parts.class_weights(train.labels, names, settings.imbalance)
    if settings.imbalance == "under_sampling":
        train = parts.under_sampled(train, names, settings.seed)
    corrupted = cached.corrupted(state / "corrupted.npy", arrays, val)
    return Data(arrays, train, val, names, weights, corrupted)


def networks(
    settings: Train, image_size: int, names: Sequence[str], pretrained: Path, policy: str = "float32"
) -> tuple[keras.Model, keras.Model, keras.Model]:
    """Backbone, head, and the classifier that both make up, with Keras' dtype `policy`.

    Raises what `build.build` and `start.load` raise.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        backbone = build.build(
            settings.backbone, image_size, "none" if settings.start else settings.weights, pretrained
        )
        features = backbone.output_shape[-1]
        head = network.head(features, settings.dense, settings.feature_dropout, settings.dense_dropout, len(names))
        if settings.start:
            start.load(settings.start, backbone, head, names)
        return backbone, head, network.classifier(backbone, head)
    finally:
        keras.config.set_dtype_policy(before)


def _run(trained: Trained, what: Phase, model: keras.Model, settings: Train, state: Path) -> None:
    own, began = State(state / what.name), time.perf_counter()
    before = own.progress().epochs
    try:
        progress = phase.run(what, model, settings, own)
    except KeyboardInterrupt as stop:
        done = own.progress().epochs
        raise KeyboardInterrupt(f"the next run goes on after epoch {done} of {what.epochs} ({what.name})") from stop
    trained.phases[what.name] = progress
    trained.seconds[what.name] = time.perf_counter() - began
    trained.images[what.name] = (progress.epochs - before) * what.steps * settings.batch


def _in_float32(settings: Train, image_size: int, names: Sequence[str], trained: keras.Model) -> keras.Model:
    """The same network without mixed precision, for a model file says how it computes, and must do so anywhere."""
    fresh = settings.model_copy(update={"weights": "none"})
    *_, whole = networks(fresh, image_size, names, Path())
    whole.set_weights(trained.get_weights())
    return whole
