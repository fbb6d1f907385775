"""What to do about imbalance: weights of the classes, or fewer rows of the larger ones."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight

from tasks.splits import Part
from tasks.train.settings import Train


def class_weights(labels: NDArray[np.int64], names: Sequence[str], imbalance: str) -> NDArray[np.float32]:
    """Weight of each class in the loss, float32 (classes,): n / (classes * count), or 1 where that is not wanted.

    Raises ValueError for a class without rows.
    """
    missing = [name for name, count in zip(names, _counts(labels, names), strict=True) if not count]
    if missing:
        raise ValueError(
            f"class {missing[0]}: no image of it in train, expected at least one of each of {len(names)} classes"
        )
    if imbalance != "class_weights":
        return np.ones(len(names), np.float32)
    return compute_class_weight("balanced", classes=np.arange(len(names)), y=labels).astype(np.float32)


def fitting(settings: Train, train: Part) -> Train:
    """The settings with a batch of no more than all rows of train."""
    if settings.batch <= len(train):
        return settings
    print(f"train: a batch of all {len(train)} images in train, not of {settings.batch} (train.batch)", flush=True)
    return settings.model_copy(update={"batch": len(train)})


def under_sampled(part: Part, names: Sequence[str], seed: int) -> Part:
    """As many rows of each class as the rarest has, drawn from `seed`, in their order."""
    rarest = int(_counts(part.labels, names).min())
    return _drawn(part, lambda count: rarest, seed)


def share(part: Part, share: float, seed: int) -> Part:
    """That share of the rows of each class, at least one, drawn from `seed`, in their order; all of them at 1."""
    return part if share == 1 else _drawn(part, lambda count: max(1, round(share * count)), seed)


def _drawn(part: Part, number: Callable[[int], int], seed: int) -> Part:
    """Of each class, `number` of its count of rows."""
    rng = np.random.default_rng(seed)
    of_class = [np.flatnonzero(part.labels == label) for label in np.unique(part.labels)]
    drawn = [rng.choice(rows, number(len(rows)), replace=False) for rows in of_class]
    return part.at(np.sort(np.concatenate(drawn)))


def _counts(labels: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.int64]:
    return np.bincount(labels, minlength=len(names))
