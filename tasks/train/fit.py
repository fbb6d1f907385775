"""The two phases of training, as functions of arrays and datasets."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight

from tasks.train.settings import Train

Features = tuple[NDArray[np.float32], NDArray[np.int64]]
LOSS = "sparse_categorical_crossentropy"


def class_weights(labels: NDArray[np.int64], names: Sequence[str], how: str) -> dict[int, float] | None:
    """Weight of each class in the loss: none, or n / (classes * count). Raises ValueError for a class without rows."""
    counts = np.bincount(labels, minlength=len(names))
    missing = [name for name, count in zip(names, counts, strict=True) if not count]
    if missing:
        raise ValueError(
            f"class {missing[0]}: no picture of it in train, expected at least one of each of {len(names)} classes"
        )
    if how == "none":
        return None
    weights = compute_class_weight("balanced", classes=np.arange(len(names)), y=labels)
    return dict(enumerate(weights.tolist()))


def frozen(
    head: keras.Model,
    train: Features,
    val: Features,
    settings: Train,
    weights: dict[int, float] | None,
    callbacks: Sequence[keras.callbacks.Callback],
) -> float:
    """Train `head` on features, computed once: the backbone is frozen and the pictures are not augmented.

    `train` and `val` are (features, labels). Leaves the best weights in `head` and gives their monitored score.
    """
    steps = max(1, len(train[0]) // settings.batch)
    head.compile(_lion(settings, settings.frozen_learning_rate, steps), LOSS, metrics=["accuracy"])
    best = _early_stopping(settings, restore=True)
    head.fit(
        *train,
        batch_size=settings.batch,
        epochs=settings.frozen_epochs,
        validation_data=val,
        class_weight=weights,
        callbacks=[best, *callbacks],
        verbose=0,
    )
    return float(best.best)


def finetuned(
    network: keras.Model,
    train: tf.data.Dataset,
    val: tf.data.Dataset,
    settings: Train,
    weights: dict[int, float] | None,
    callbacks: Sequence[keras.callbacks.Callback],
    checkpoint: Path,
    best_so_far: float,
) -> None:
    """Train the trainable layers of `network`; leaves the best weights in it, those of its start if none beats them.

    `checkpoint` is where the best weights are kept meanwhile.
    """
    start = network.get_weights()
    # A model of its own around the same layers: a compiled one would write its optimizer's state into every file.
    learner = keras.Model(network.inputs, network.outputs)
    steps = int(train.cardinality())
    learner.compile(_lion(settings, settings.learning_rate, steps), LOSS, metrics=["accuracy"])
    best = keras.callbacks.ModelCheckpoint(
        checkpoint,
        monitor=settings.monitor,
        save_best_only=True,
        save_weights_only=True,
        initial_value_threshold=best_so_far,
    )
    learner.fit(
        train,
        shuffle=False,
        epochs=settings.finetune_epochs,
        validation_data=val,
        class_weight=weights,
        callbacks=[best, _early_stopping(settings, restore=False), *callbacks],
        verbose=0,
    )
    if checkpoint.exists():
        learner.load_weights(checkpoint)
        checkpoint.unlink()
    else:
        network.set_weights(start)


def _lion(settings: Train, learning_rate: float, steps: int) -> keras.optimizers.Optimizer:
    """Lion (arXiv:2302.06675) with a learning rate that decays by `settings.decay` an epoch."""
    schedule = keras.optimizers.schedules.ExponentialDecay(learning_rate, steps, settings.decay)
    return keras.optimizers.Lion(schedule, weight_decay=settings.weight_decay or None)


def _early_stopping(settings: Train, *, restore: bool) -> keras.callbacks.EarlyStopping:
    return keras.callbacks.EarlyStopping(settings.monitor, patience=settings.patience, restore_best_weights=restore)
