"""Which rows of external deliveries a model is judged on.

Those of classes that it knows. An image that it learnt from or was chosen by says nothing and is left out, as are
copies inside a delivery; by their ids, so only exact copies are found.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from tasks import reasons, store

IN_TRAINING = "in-training"
"""Why an image is left out that the model learnt from, or was chosen by: a leak."""
UNKNOWN_CLASS = "unknown-class"
"""Why an image is left out whose class the model does not know."""


def read(listing: Path, folder: Path, names: Sequence[str], training_ids: Collection[str]) -> pd.DataFrame:
    """The rows of all external deliveries, in the order of the list, with the column `left_out` of EXTERNAL_COLUMNS.

    `names` are the classes that the model knows. Raises ValueError for a folder that the list does not name: DVC counts
    it among the inputs.
    """
    listed = list(yaml.safe_load(listing.read_text())["external"])
    strangers = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name not in listed)
    if strangers:
        raise ValueError(f"{folder / strangers[0]} is no delivery of {listing}: remove the folder, or add it again")
    tables = [store.read_rows(folder / name) for name in listed]
    marked = [rows.assign(left_out=_left_out(rows, names, training_ids)) for rows in tables]
    return pd.concat(marked, ignore_index=True) if marked else pd.DataFrame(columns=[*store.COLUMNS, "left_out"])


def _left_out(rows: pd.DataFrame, names: Sequence[str], training_ids: Collection[str]) -> pd.Series:
    """Why each row is left out, "" where it is not; the first reason that holds."""
    labels = rows[rows["kept"] & (rows["label"] != "")].groupby("id")["label"].nunique()
    cases = {
        reasons.UNLABELLED.name: rows["label"] == "",
        UNKNOWN_CLASS: ~rows["label"].isin(names),
        IN_TRAINING: rows["id"].isin(training_ids),
        reasons.LABEL_CONFLICT.name: rows["id"].map(labels).fillna(0) > 1,
        reasons.EXACT_COPY.name: rows[rows["kept"]].duplicated("id").reindex(rows.index, fill_value=False),
    }
    found = np.select(list(cases.values()), list(cases), "")
    return rows["drop_reason"].where(~rows["kept"], pd.Series(found, rows.index))
