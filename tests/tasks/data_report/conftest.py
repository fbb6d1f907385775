"""Tables as the stages hand them to report."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tasks.data_report.material import PAIRS, Material
from tasks.data_report.settings import DataReport

REPORT = DataReport(thumbnail=16, shown=100, nearest=2, sample=3)
DETAILS = {
    "file_bytes": 10,
    "height": 96,
    "width": 96,
    "crop": 96,
    "detail": "",
    "contrast": 50.0,
    "smoothness": 0.9,
    "flat": 0.0,
    "acquisition_batch": "yellow",
    "review_decision": "",
    "outlier_score": 0.0,
    "split": "train",
}


@pytest.fixture(scope="session")
def full(table) -> Callable[..., pd.DataFrame]:
    """Builds a table with every column; `dropped` gives a row's stage, reason and partner, by its name."""

    def build(names, dropped=None, **columns) -> pd.DataFrame:
        rows = table(names, **{**DETAILS, **columns})
        for name, (stage, reason, partner) in (dropped or {}).items():
            which = rows["source"] == name
            rows.loc[which, ["kept", "dropped_by", "drop_reason", "duplicate_of"]] = [False, stage, reason, partner]
        return rows

    return build


@pytest.fixture(scope="session")
def pairs() -> Callable[..., pd.DataFrame]:
    """Builds the table of pairs from (first, second) or (first, second, kind, orientation)."""

    def build(*ends) -> pd.DataFrame:
        lines = [(first, second, *(rest or ("near", 0))) for first, second, *rest in ends]
        table = pd.DataFrame(lines, columns=["first", "second", "kind", "orientation"])
        return table.assign(distance=7, dy=3.0, dx=4.0, rmse=2.5)[PAIRS]

    return build


@pytest.fixture(scope="session")
def material(pairs) -> Callable[..., Material]:
    """Builds what the lists are made from."""

    def build(rows, found=None, **settings) -> Material:
        return Material(rows, pairs() if found is None else found, REPORT.model_copy(update=settings))

    return build


@pytest.fixture(scope="session")
def image() -> Callable[[int], np.ndarray]:
    """Builds `n` different images, uint8 (n, 16, 16, 3)."""
    return lambda n: np.random.default_rng(0).integers(0, 255, (n, 16, 16, 3), np.uint8)
