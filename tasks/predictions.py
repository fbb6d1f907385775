"""The evaluation of one model, row by row: what figures, page and gate are made from.

Two models are compared on predictions for the same test rows, an image at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import splits

PREDICTIONS = "predictions.parquet"
CORRUPTIONS = "corruptions.parquet"
EXTERNAL = "external.parquet"
MIXED = "mixed"
SLICES = ("delivery", "acquisition_batch", "sharpness")
"""Columns that part the rows; the class does too."""

COLUMNS = {
    "id": "the image's id; no two rows share one",
    "split_group": "split group: rows of one group are copies of a kind, and are drawn together by a bootstrap",
    "delivery": "name of the delivery",
    "source": "path inside it",
    "acquisition_batch": "name of the background's colour, in which stain and camera show",
    "sharpness": "quarter of the test rows by sharpness, from `1, least sharp` to `4, sharpest`",
    "label": "the true class",
    "predicted": "the most probable class",
    "confidence": "its calibrated probability, 0 to 1",
    "ood_score": "out-of-distribution score of the image; larger is further out of distribution",
    "why": "`` answered, `ood` refused, `unsure` abstained",
}
"""Of the table of predictions; after them `p_CLASS`, calibrated probabilities, one a class."""

EXTERNAL_COLUMNS = {
    "delivery": "name of the external delivery",
    "source": "path inside it",
    "id": "the image's id",
    "label": "the true class, `` where the delivery gives none",
    "left_out": "`` where the model is judged on it, else why not",
    "predicted": "the most probable class of all that the model knows; `` where it is left out, as for the rest",
    "confidence": "its calibrated probability, 0 to 1",
    "ood_score": "out-of-distribution score",
    "why": "`` answered, `ood` refused, `unsure` abstained",
}
"""Of the table of external deliveries, a row for each file that came."""


@dataclass(frozen=True)
class Predictions:
    """Test rows in the order of their ids, and what the model said of them, clean and corrupted.

    `rows` has the columns of COLUMNS and `p_CLASS` of each class. `corruptions` has the same rows in the same order and
    a column for each kind and severity of the benchmark, named `kind/severity`, and one named `mixed`: the index of the
    predicted class, uint8. `external` has the columns of EXTERNAL_COLUMNS, and no row where there is no external
    delivery. Raises ValueError where tables do not fit together.
    """

    classes: tuple[str, ...]
    rows: pd.DataFrame
    corruptions: pd.DataFrame
    external: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(EXTERNAL_COLUMNS)))

    def __post_init__(self) -> None:
        missing = [name for name in (*COLUMNS, *map("p_{}".format, self.classes)) if name not in self.rows]
        if missing:
            raise ValueError(f"predictions lack the columns {', '.join(missing)}")
        if not self.rows["id"].is_monotonic_increasing or self.rows["id"].duplicated().any():
            raise ValueError("predictions must be in the order of their ids, each once")
        if len(self.rows) != len(self.corruptions):
            raise ValueError(
                f"expected a row of the benchmark for each of {len(self.rows)}, got {len(self.corruptions)}"
            )
        strange = sorted(set(self.rows["label"]) - set(self.classes))
        if strange:
            raise ValueError(f"label must be one of {', '.join(self.classes)}, got {strange[0]!r}")

    @property
    def truth(self) -> NDArray[np.int64]:
        """Indices of the true classes, int64 (n,)."""
        return self._index("label")

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Indices of the predicted classes on clean images, int64 (n,)."""
        return self._index("predicted")

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Calibrated, float64 (n, classes)."""
        return self.rows[[f"p_{name}" for name in self.classes]].to_numpy(np.float64)

    @property
    def untested(self) -> list[str]:
        """Classes without a row: how well the model tells them is not known."""
        there = set(self.rows["label"])
        return [name for name in self.classes if name not in there]

    @property
    def corruption_names(self) -> tuple[str, ...]:
        """`kind/severity` of each column of the benchmark, mixed corruptions left out."""
        return tuple(name for name in self.corruptions.columns if name != MIXED)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of corruption in the benchmark, in its order."""
        return tuple(dict.fromkeys(cell.partition("/")[0] for cell in self.corruption_names))

    def under(self, cell: str) -> NDArray[np.int64]:
        """Indices of the classes predicted under `kind/severity` or `mixed`, int64 (n,)."""
        return self.corruptions[cell].to_numpy(np.int64)

    def _index(self, column: str) -> NDArray[np.int64]:
        return splits.indices(self.rows[column], self.classes)


def write(folder: Path, predictions: Predictions) -> None:
    """Write the tables of predictions into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    predictions.rows.reset_index(drop=True).to_parquet(folder / PREDICTIONS, index=False)
    predictions.corruptions.reset_index(drop=True).to_parquet(folder / CORRUPTIONS, index=False)
    predictions.external.reset_index(drop=True).to_parquet(folder / EXTERNAL, index=False)


def read(folder: Path) -> Predictions:
    """The predictions in `folder`. Raises FileNotFoundError without one, ValueError where its tables do not fit."""
    for name in (PREDICTIONS, CORRUPTIONS):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"no evaluation in {folder}: {name} is missing")
    rows = pd.read_parquet(folder / PREDICTIONS)
    # An evaluation of before there were external deliveries has none.
    external = [pd.read_parquet(folder / EXTERNAL)] if (folder / EXTERNAL).is_file() else []
    return Predictions(_classes(list(rows.columns)), rows, pd.read_parquet(folder / CORRUPTIONS), *external)


def _classes(columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.removeprefix("p_") for name in columns if name.startswith("p_"))
