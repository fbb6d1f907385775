"""How a trained network does on external deliveries: they choose no recipe, but show whether what does predicts."""

from collections.abc import Collection, Sequence
from pathlib import Path

import keras
import numpy as np
from sklearn.metrics import recall_score

from tasks import external_rows, splits, store


def balanced(
    network: keras.Model, listing: Path, folder: Path, names: Sequence[str], training_ids: Collection[str], batch: int
) -> dict[str, float]:
    """Balanced accuracy, 0 to 1, on each delivery that `listing` names, over its classes that are among `names`.

    Deliveries with nothing to judge by are left out. Raises what `external_rows.read` raises.
    """
    rows = external_rows.read(listing, folder, names, training_ids)
    rows = rows[rows["left_out"] == ""].reset_index(drop=True)
    if rows.empty:
        return {}
    arrays = store.pixels(folder, rows)
    answers = network.predict(arrays.take(arrays.places(rows)), batch_size=batch, verbose=0).argmax(axis=1)
    truth = splits.indices(rows["label"], names)
    found = {}
    for name, own in rows.groupby("delivery", sort=False).indices.items():
        labels = np.unique(
            truth[own]
        )  # calling a cell by a class that the delivery has not is wrong, and no class more
        recall = recall_score(truth[own], answers[own], labels=labels, average="macro", zero_division=0)
        found[str(name)] = float(recall)
    return found
