"""The kept rows of a split as arrays: where their images lie, their classes, their ids."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import store

WANTED = ["delivery", "row", "id", "label", "split", "kept"]
"""Columns that are read; the others would only take memory."""
EMPTY = "no image is left in {}, expected at least one"
LEARNT = ("train", "val")
"""Splits that a training reads: the model learns from the one and is chosen by the other."""


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
    """Images, and the kept rows of each of `splits` whose class is one of `names`; no other split is looked at.

    Raises ValueError for a split without images.
    """
    rows = pd.read_parquet(clean / store.TABLE, columns=WANTED)
    rows = kept(rows, *splits)
    rows = rows[rows["label"].isin(names)]
    arrays = store.pixels(ingested, rows)
    return arrays, [_part(rows[rows["split"] == split], split, arrays, names) for split in splits]


def learnable(clean: Path, names: Sequence[str]) -> list[str]:
    """Those of the classes that train has a image of. Raises ValueError where there are fewer than two."""
    rows = kept(pd.read_parquet(clean / store.TABLE, columns=WANTED), "train")
    found = [name for name in names if (rows["label"] == name).any()]
    if rows.empty:
        raise ValueError(EMPTY.format("train"))
    if len(found) < 2:
        raise ValueError(f"train has images of {', '.join(found) or 'no class'} alone, expected two classes at least")
    return found


def kept(rows: pd.DataFrame, *splits: str) -> pd.DataFrame:
    """The kept rows of `splits`, in the table's order."""
    return rows[rows["kept"] & rows["split"].isin(splits)]


def digest(rows: pd.DataFrame) -> str:
    """SHA-256 over id, label and split of all kept rows, whatever their order: two equal ones are one dataset."""
    facts = rows.loc[rows["kept"], ["id", "label", "split"]]
    lines = sorted("\t".join(row) for row in facts.itertuples(index=False, name=None))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def indices(labels: pd.Series, names: Sequence[str]) -> NDArray[np.int64]:
    """Place of each label among the names of the classes, int64 (n,)."""
    return labels.map({name: k for k, name in enumerate(names)}).to_numpy().astype(np.int64)


def _part(rows: pd.DataFrame, split: str, arrays: store.Arrays, names: Sequence[str]) -> Part:
    if rows.empty:
        raise ValueError(EMPTY.format(split))
    return Part(arrays.places(rows), indices(rows["label"], names), rows["id"].tolist())
