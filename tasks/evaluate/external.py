"""External deliveries: images of other laboratories, on which models are judged, and of which none is made.

Judged are the images that `tasks.external_rows` leaves in; the model answers with all classes that it knows, so calling
one by a class that the delivery has not is wrong.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tasks import splits
from tasks.evaluate import metrics, weighted
from tasks.evaluate.resampling import Resampling
from tasks.external_rows import IN_TRAINING
from tasks.predictions import EXTERNAL_COLUMNS
from tasks.selective.calibration import OOD, SelectivePrediction

Figures = dict[str, Any]


def answered(rows: pd.DataFrame, outputs: SelectivePrediction | None, names: Sequence[str]) -> pd.DataFrame:
    """The table of EXTERNAL_COLUMNS, from the rows of `external_rows.read` and the answers to those that are judged, in
    their order."""
    judged = (rows["left_out"] == "").to_numpy()
    table = rows[["delivery", "source", "id", "label", "left_out"]].assign(
        predicted="", confidence=np.nan, ood_score=np.nan, why=""
    )
    if outputs is not None:
        table.loc[judged, "predicted"] = np.array(names)[outputs.predicted]
        table.loc[judged, "why"] = outputs.why
        table.loc[judged, "confidence"] = outputs.confidence.astype(np.float64)
        table.loc[judged, "ood_score"] = outputs.score.astype(np.float64)
    return table[list(EXTERNAL_COLUMNS)]


def figures(
    table: pd.DataFrame, names: Sequence[str], resamples: int, level: float, seed: int, min_rows: int
) -> dict[str, Figures]:
    """The figures of each delivery, by its name; a note in their place with fewer than `min_rows` judged images."""
    found = {}
    for delivery, rows in table.groupby("delivery", sort=False):
        judged = rows[rows["left_out"] == ""].reset_index(drop=True)
        left = rows.loc[rows["left_out"] != "", "left_out"].value_counts().sort_index()
        known: Figures = {
            "files": len(rows),
            "rows": len(judged),
            "left_out": {str(name): int(count) for name, count in left.items()},
        }
        if len(judged) < min_rows:
            note = f"{len(judged)} images to judge by, fewer than {min_rows}: too few for a figure"
            found[str(delivery)] = {**known, "note": note}
        else:
            truth = splits.indices(judged["label"], names)
            resampling = Resampling(judged["id"].to_numpy(str), truth, resamples, level, seed)
            found[str(delivery)] = {**known, "note": "", **_judged(judged, names, resampling)}
    return found


def flat(found: dict[str, Figures]) -> dict[str, Any]:
    """The headline numbers of each delivery that has some, and their mean balanced accuracy."""
    judged = {name: one for name, one in found.items() if not one["note"]}
    wanted = ("balanced_accuracy", "coverage", "refused")
    each = {f"external_{name}_{key}": one[key]["value"] for name, one in judged.items() for key in wanted}
    balanced = [one["balanced_accuracy"]["value"] for one in judged.values()]
    return {"external_balanced_accuracy": float(np.mean(balanced)), **each} if balanced else {}


def told(found: dict[str, Figures]) -> list[str]:
    """A line for each delivery, ready to be printed; a leak is in it."""
    return [_line(name, one) for name, one in found.items()]


def _line(name: str, one: Figures) -> str:
    leaks = one["left_out"].get(IN_TRAINING, 0)
    leak = f"; {leaks} more are copies of images in training, and left out" if leaks else ""
    if one["note"]:
        return f"external {name}: {one['note']}{leak}"
    balanced, refused = one["balanced_accuracy"], one["refused"]["value"]
    interval = f"{balanced['value']:.3f} ({balanced['low']:.3f} to {balanced['high']:.3f})"
    return (
        f"external {name}: balanced accuracy {interval} on {one['rows']} images, {refused:.1%} refused as "
        f"out-of-distribution{leak}"
    )


def _judged(rows: pd.DataFrame, names: Sequence[str], resampling: Resampling) -> Figures:
    truth, predicted = (splits.indices(rows[column], names) for column in ("label", "predicted"))
    draws = resampling.draws(lambda w: weighted.of_confusion(weighted.counts(w, truth, predicted, len(names))))
    right, given = truth == predicted, (rows["why"] == "").to_numpy()
    return {
        "accuracy": resampling.share(right),
        "balanced_accuracy": resampling.figure(metrics.balanced_accuracy(truth, predicted), draws["balanced_accuracy"]),
        "recall": {
            names[k]: {
                "rows": int((truth == k).sum()),
                **(resampling.figure(float(right[truth == k].mean()), draws["recall"][:, k]) or {}),
            }
            for k in np.unique(truth)
        },
        "refused": resampling.share((rows["why"] == OOD).to_numpy()),
        "coverage": resampling.share(given),
        "selective_accuracy": float(right[given].mean()) if given.any() else None,
    }
