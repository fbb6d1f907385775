"""One phase of training: a model fitted to batches, judged each epoch, its state kept so that it can be resumed."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.train import judge, optimizers
from tasks.train.judge import Judge, Keep, Sets
from tasks.train.learner import Change, Learner
from tasks.train.progress import Bar, Finite
from tasks.train.settings import Train
from tasks.train.state import Best, Progress, State

Batches = Callable[[range], tf.data.Dataset]
"""From a range of steps, which count on over the epochs, to a batch for each."""


@dataclass(frozen=True)
class Phase:
    """What sets one phase apart from another: its name, its epochs, the learning rate at its start, and its data."""

    name: str
    epochs: int
    learning_rate: float
    steps: int
    batches: Batches
    sets: Sets
    labels: NDArray[np.int64]
    change: Change | None = None
    xla: bool = False


def run(phase: Phase, network: keras.Model, settings: Train, state: State) -> Progress:
    """Train what is trainable of `network`, leave the best weights in it, and give how it went.

    Weights that no epoch beat are those of the start. Raises ValueError where the loss is no number; the best weights
    so far stay in `state` then.
    """
    learner = compiled(phase, network, settings)
    progress = state.progress()
    if not progress.best:
        progress = at_start(phase, learner, settings, state)
    if not progress.over:
        progress = _fit(phase, learner, settings, state, progress)
    else:
        judge.restore(learner, state.load(progress.variables))
    assert progress.best
    learner.set_weights(state.load(progress.best.file))
    return progress


def compiled(phase: Phase, network: keras.Model, settings: Train) -> Learner:
    """The model that learns, around the layers of `network`."""
    learner = Learner(network.inputs, network.outputs)
    learner.change = phase.change
    optimizer = optimizers.build(settings, phase.learning_rate, phase.steps, phase.epochs)
    learner.compile(
        optimizer,
        keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing),
        metrics=["accuracy"],
        jit_compile=phase.xla,
    )
    learner.optimizer.build(learner.trainable_variables)
    return learner


def at_start(phase: Phase, learner: Learner, settings: Train, state: State) -> Progress:
    """The state before the first epoch: the weights as they came are the ones to beat."""
    figures = judge.figures(learner, phase.sets, phase.labels)
    best = Best(figures[settings.monitor], 0, state.save("best-0.npz", learner.get_weights()))
    variables = state.save("variables-0.npz", judge.variables(learner))
    progress = Progress(start=figures, variables=variables, best=best)
    state.write(progress)
    return progress


def _fit(phase: Phase, learner: Learner, settings: Train, state: State, progress: Progress) -> Progress:
    if progress.epochs:
        print(f"{phase.name}: resumed after epoch {progress.epochs} of {phase.epochs}", flush=True)
    judging = Judge(phase.sets, phase.labels, settings.monitor, state, progress)
    callbacks = [_stopping(settings, progress), *optimizers.plateau(settings)]
    keeping = Keep(state, progress, judging, callbacks)
    learner.fit(
        phase.batches(range(progress.epochs * phase.steps, phase.epochs * phase.steps)),
        initial_epoch=progress.epochs,
        epochs=phase.epochs,
        steps_per_epoch=phase.steps,
        shuffle=False,
        callbacks=[Finite(phase.name, state), judging, *callbacks, Bar(phase.name), keeping],
        verbose=0,
    )
    return keeping.progress


def _stopping(settings: Train, progress: Progress) -> keras.callbacks.EarlyStopping:
    """Ends the phase `patience` epochs after the last one that beat all before it, the start among them."""
    first = progress.start[settings.monitor]
    mode = optimizers.mode(settings.monitor)
    return keras.callbacks.EarlyStopping(settings.monitor, patience=settings.patience, mode=mode, baseline=first)
