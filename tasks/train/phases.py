"""The two phases of the recipe, from the settings and the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from tasks import loader
from tasks.hardware import Hardware
from tasks.loader import Source
from tasks.splits import Part
from tasks.train import augmenting, batches, cached
from tasks.train.phase import Phase
from tasks.train.settings import Train


@dataclass(frozen=True)
class Data:
    """Images, and the rows of two splits: the test rows are not among them. `corrupted` are val's, in its order."""

    arrays: Source
    train: Part
    val: Part
    names: Sequence[str]
    weights: NDArray[np.float32]
    corrupted: Source


def frozen(settings: Train, data: Data, backbone: keras.Model, folder: Path, machine: Hardware) -> Phase:
    """The head alone, on features that are computed once: of each image as it is, or of augmented copies of it."""
    number, every = max(1, settings.frozen_augmentations), np.arange(len(data.val))
    train = cached.train_features(folder / "train.npy", backbone, data.arrays, data.train, settings)
    val = cached.features(folder / "val.npy", backbone, data.arrays, data.val.places, settings.batch)
    corrupted = cached.features(folder / "corrupted.npy", backbone, data.corrupted, every, settings.batch)

    def copy(rows: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
        # Neighbours in different augmented copies: so each batch has all of them, each image another one every epoch.
        return (rows + epoch) % number * len(data.train) + rows

    order = batches.Order(len(data.train), settings.batch, settings.seed)
    return Phase(
        name="frozen",
        epochs=settings.frozen_epochs,
        learning_rate=settings.frozen_learning_rate,
        steps=order.steps,
        batches=partial(batches.training, train, copy, data.train.labels, data.weights, order, None),
        sets={
            "val": partial(loader.batches, val, every, settings.batch),
            "val_corruption": partial(loader.batches, corrupted, every, settings.batch),
        },
        labels=data.val.labels,
        xla=machine.xla,
    )


def finetune(settings: Train, data: Data, machine: Hardware) -> Phase:
    """All that is unfrozen, on images that are augmented anew each time: on the GPU, or beside the training."""
    order = batches.Order(len(data.train), settings.batch, settings.seed)
    inside = machine.on_gpu and settings.augment.engine == "batched"  # KerasCV works in tf.data alone
    each = len(machine.devices) if inside else 1  # inside, each device has steps of its own (learner.py)
    change = augmenting.change(settings, settings.finetune_epochs * order.steps * each)
    places = data.train.places
    here = partial(batches.training, data.arrays, lambda rows, epoch: places[rows], data.train.labels, data.weights)
    return Phase(
        name="finetune",
        epochs=settings.finetune_epochs,
        learning_rate=settings.learning_rate,
        steps=order.steps,
        batches=partial(here, order, None if inside else change),
        sets={
            "val": partial(loader.batches, data.arrays, data.val.places, settings.batch),
            "val_corruption": partial(loader.batches, data.corrupted, np.arange(len(data.val)), settings.batch),
        },
        labels=data.val.labels,
        change=change if inside else None,
        xla=machine.xla,
    )
