"""The rows of a split as arrays: where their pictures lie, their classes, their ids; and what to do about imbalance."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight

from tasks import store

WANTED = ["delivery", "row", "id", "label", "split", "kept"]
"""Columns that a training reads; the others would only take memory."""


@dataclass(frozen=True)
class Part:
    """One split: `places` int64 (n, 2) as `store.Arrays` takes them, `labels` class indices int64 (n,), `ids`."""

    places: NDArray[np.int64]
    labels: NDArray[np.int64]
    ids: Sequence[str]

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, which: NDArray[np.int64]) -> "Part":
        """The rows at these positions."""
        return Part(self.places[which], self.labels[which], [self.ids[k] for k in which])


def read(clean: Path, ingested: Path, names: Sequence[str], splits: Sequence[str]) -> tuple[store.Arrays, list[Part]]:
    """Pictures, and the kept rows of each of `splits`; no other split's rows are looked at.

    Raises ValueError for a split without pictures.
    """
    rows = pd.read_parquet(clean / store.TABLE, columns=WANTED)
    rows = rows[rows["kept"] & rows["split"].isin(splits)]
    arrays = store.pixels(ingested, rows)
    return arrays, [_part(rows[rows["split"] == split], split, arrays, names) for split in splits]


def class_weights(labels: NDArray[np.int64], names: Sequence[str], imbalance: str) -> NDArray[np.float32]:
    """Weight of each class in the loss, float32 (classes,): n / (classes * count), or 1 where that is not wanted.

    Raises ValueError for a class without rows.
    """
    missing = [name for name, count in zip(names, _counts(labels, names), strict=True) if not count]
    if missing:
        raise ValueError(
            f"class {missing[0]}: no picture of it in train, expected at least one of each of {len(names)} classes"
        )
    if imbalance != "class_weights":
        return np.ones(len(names), np.float32)
    return compute_class_weight("balanced", classes=np.arange(len(names)), y=labels).astype(np.float32)


def under_sampled(part: Part, names: Sequence[str], seed: int) -> Part:
    """As many rows of each class as the rarest has, drawn from `seed`, in their order."""
    rarest = int(_counts(part.labels, names).min())
    rng = np.random.default_rng(seed)
    drawn = [rng.choice(np.flatnonzero(part.labels == label), rarest, replace=False) for label in range(len(names))]
    return part.at(np.sort(np.concatenate(drawn)))


def share(part: Part, share: float, seed: int) -> Part:
    """That share of the rows of each class, at least one, drawn from `seed`, in their order; all of them at 1."""
    if share == 1:
        return part
    rng = np.random.default_rng(seed)
    of_class = [np.flatnonzero(part.labels == label) for label in np.unique(part.labels)]
    drawn = [rng.choice(rows, max(1, round(share * len(rows))), replace=False) for rows in of_class]
    return part.at(np.sort(np.concatenate(drawn)))


def _part(rows: pd.DataFrame, split: str, arrays: store.Arrays, names: Sequence[str]) -> Part:
    if rows.empty:
        raise ValueError(f"no picture is left in {split}, expected at least one of each class")
    labels = rows["label"].map({name: k for k, name in enumerate(names)}).to_numpy().astype(np.int64)
    return Part(arrays.places(rows), labels, rows["id"].tolist())


def _counts(labels: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.int64]:
    return np.bincount(labels, minlength=len(names))
