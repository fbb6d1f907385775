"""Optimizers and the schedules of their learning rate, by the names in params.yaml."""

from collections.abc import Callable

import keras
from keras.optimizers import schedules

from tasks.train.settings import Train

OPTIMIZERS: dict[str, type[keras.optimizers.Optimizer]] = {
    "adam": keras.optimizers.Adam,  # arXiv:1412.6980
    "adamw": keras.optimizers.AdamW,  # arXiv:1711.05101
    "lion": keras.optimizers.Lion,  # arXiv:2302.06675
}
Schedule = Callable[[Train, float, int, int], float | schedules.LearningRateSchedule]
SCHEDULES: dict[str, Schedule] = {
    "constant": lambda settings, rate, steps, epochs: rate,
    "exponential": lambda settings, rate, steps, epochs: schedules.ExponentialDecay(rate, steps, settings.decay),
    "cosine": lambda settings, rate, steps, epochs: schedules.CosineDecay(rate, steps * epochs),  # arXiv:1608.03983
    "plateau": lambda settings, rate, steps, epochs: rate,  # `plateau` lowers it between epochs
}


def build(settings: Train, rate: float, steps: int, epochs: int) -> keras.optimizers.Optimizer:
    """The optimizer that begins at learning rate `rate`, for `epochs` of `steps` each.

    With `settings.ema` it also keeps the moving average of the weights.
    """
    return OPTIMIZERS[settings.optimizer](
        SCHEDULES[settings.schedule](settings, rate, steps, epochs),
        weight_decay=settings.weight_decay or None,
        use_ema=settings.ema > 0,
        ema_momentum=settings.ema or 0.99,
    )


def plateau(settings: Train) -> list[keras.callbacks.Callback]:
    """The callback that lowers the learning rate where the score has stopped rising; none for other schedules."""
    if settings.schedule != "plateau":
        return []
    factor, patience = settings.decay, settings.plateau_patience
    return [keras.callbacks.ReduceLROnPlateau(settings.monitor, factor, patience, mode=mode(settings.monitor))]


def mode(monitor: str) -> str:
    """Whether a greater or a lesser score is the better one, in Keras' words: `max` or `min`."""
    return "min" if monitor.endswith("loss") else "max"
