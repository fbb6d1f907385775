"""After each epoch: scores on clean and on corrupted validation images, the best weights kept, all of it on disk."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, log_loss

from tasks.train import optimizers
from tasks.train.state import Best, Logs, Progress, State

Sets = dict[str, Callable[[], tf.data.Dataset]]
"""What the model is judged on: the prefix of its figures, and batches of what the model takes, in a fixed order."""


class Judge(keras.callbacks.Callback):
    """Adds the figures of every set to the epoch's logs, and keeps the best weights in `state`.

    Goes before the callbacks that read those figures.
    """

    def __init__(self, sets: Sets, labels: NDArray[np.int64], monitor: str, state: State, progress: Progress):
        super().__init__()
        self.sets, self.labels, self.monitor, self.state = sets, labels, monitor, state
        self.best = progress.best

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Judge the weights, or their moving average where the optimizer keeps one."""
        assert logs is not None
        with averaged(self.model):
            logs.update(figures(self.model, self.sets, self.labels))
            if self.best is None or better(self.monitor, logs[self.monitor], self.best.score):
                name = self.state.save(f"best-{epoch + 1}.npz", self.model.get_weights())
                self.best = Best(logs[self.monitor], epoch + 1, name)


class Keep(keras.callbacks.Callback):
    """Writes the state at the end of each epoch, and on a resumed training brings everything back to where it was.

    The last of the callbacks: the others have their say before it, and on a resumed training get told each epoch that
    is over, so that their counts are what they were.
    """

    def __init__(self, state: State, progress: Progress, judge: Judge, callbacks: Sequence[keras.callbacks.Callback]):
        super().__init__()
        self.state, self.progress, self.judge, self.callbacks = state, progress, judge, callbacks

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Tell the others what they missed, then put the variables back."""
        for epoch, figures_then in enumerate(self.progress.logs):
            for callback in self.callbacks:
                callback.on_epoch_end(epoch, dict(figures_then))
        if self.progress.variables:
            restore(self.model, self.state.load(self.progress.variables))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the state of this epoch's end."""
        name = self.state.save(f"variables-{epoch + 1}.npz", variables(self.model))
        seen = [*self.progress.logs, {key: float(value) for key, value in (logs or {}).items()}]
        over = bool(self.model.stop_training) or epoch + 1 == self.params["epochs"]
        self.progress = replace(self.progress, logs=seen, variables=name, best=self.judge.best, over=over)
        self.state.write(self.progress)


def figures(model: keras.Model, sets: Sets, labels: NDArray[np.int64]) -> Logs:
    """Accuracy, 0 to 1, and mean cross-entropy in nats of each set, under its prefix.

    Raises ValueError where the model gives no numbers.
    """
    found: Logs = {}
    for prefix, batches in sets.items():
        probabilities = model.predict(batches(), verbose=0).astype(np.float64)
        if not np.isfinite(probabilities).all():
            raise ValueError(f"{prefix}: the network's probabilities are no numbers any more: lower the learning rate")
        probabilities /= probabilities.sum(axis=1, keepdims=True)  # float32 sums to 1 but for rounding
        found[f"{prefix}_accuracy"] = float(accuracy_score(labels, probabilities.argmax(axis=1)))
        found[f"{prefix}_loss"] = float(log_loss(labels, probabilities, labels=range(probabilities.shape[1])))
    return found


def better(monitor: str, score: float, than: float) -> bool:
    """Whether `score` is the better one: the lesser loss, the greater of anything else."""
    return score < than if optimizers.mode(monitor) == "min" else score > than


def variables(model: keras.Model) -> list[Any]:
    """All that a training changes: weights, the states of random draws, and the optimizer's moments and counts."""
    return [np.asarray(variable) for variable in _variables(model)]


def restore(model: keras.Model, values: Sequence[NDArray[Any]]) -> None:
    """Give every variable the value that `variables` read."""
    for variable, value in zip(_variables(model), values, strict=True):
        variable.assign(value)


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """The model with the moving average of its weights in their place, as long as the block lasts."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # float16 wraps it
    if not optimizer.use_ema:
        yield
        return
    own = [np.asarray(variable) for variable in model.trainable_variables]
    optimizer.finalize_variable_values(model.trainable_variables)
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, own, strict=True):
            variable.assign(value)


def _variables(model: keras.Model) -> list[Any]:
    metrics = {id(variable) for metric in model.metrics for variable in metric.variables}
    own = [variable for variable in model.variables if id(variable) not in metrics]
    seen = {id(variable) for variable in own}
    return own + [variable for variable in model.optimizer.variables if id(variable) not in seen]
