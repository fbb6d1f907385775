"""Figures of parts of the test rows: by class, delivery, acquisition batch and sharpness."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from tasks.evaluate import metrics
from tasks.evaluate.resampling import Resampling
from tasks.predictions import SLICES, Predictions

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
QUARTERS = ("1, least sharp", "2", "3", "4, sharpest")
COLUMNS = ["slice", "value", "rows", "accuracy", "low", "high", "balanced_accuracy", "note"]


def sharpness(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Variance of the Laplacian of the luma, float64 (n,), of uint8 images (n, side, side, 3).

    Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy".
    """
    luma = images.astype(np.float32) @ LUMA
    laplacian = np.stack([ndimage.laplace(image) for image in luma])
    return laplacian.reshape(len(images), -1).var(axis=1, dtype=np.float64)


def quarters(values: NDArray[np.float64]) -> NDArray[np.str_]:
    """The quarter in which each value lies, by the quartiles of all, as one of QUARTERS."""
    return np.array(QUARTERS)[np.searchsorted(np.quantile(values, [0.25, 0.5, 0.75]), values, side="left")]


def table(predictions: Predictions, resampling: Resampling, min_rows: int) -> pd.DataFrame:
    """A line for each class and each value of the other slices; too few rows have a note instead of figures."""
    rows = predictions.rows
    values = {"class": sorted(predictions.classes), **{name: sorted(rows[name].unique()) for name in SLICES}}
    lines = [
        _line(predictions, resampling, min_rows, name, str(value), (rows[column] == value).to_numpy())
        for name, column in {"class": "label", **{name: name for name in SLICES}}.items()
        for value in values[name]
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def _line(
    predictions: Predictions, resampling: Resampling, min_rows: int, name: str, value: str, here: NDArray[np.bool_]
) -> dict[str, object]:
    rows = int(here.sum())
    known: dict[str, object] = {"slice": name, "value": value or "none", "rows": rows}
    if not rows:
        return {**known, "note": "no test row: untested"}
    if rows < min_rows:
        return {**known, "note": f"{rows} row{'s' * (rows != 1)}, fewer than {min_rows}: too few for a figure"}
    figure = resampling.share(predictions.truth == predictions.predicted, here)
    balanced = metrics.balanced_accuracy(predictions.truth[here], predictions.predicted[here])
    return {**known, "accuracy": figure["value"], "low": figure["low"], "high": figure["high"],
            "balanced_accuracy": balanced, "note": ""}  # fmt: skip
