"""Plain checks, for what is no picture of anything."""

import numpy as np
import pandas as pd

from tasks import store
from tasks.outliers.settings import Outliers

STAGE = "outliers"


def checked(rows: pd.DataFrame, settings: Outliers) -> pd.DataFrame:
    """`rows` with the blank, the noise and those dropped of which a part was lost; what a person keeps stays."""
    blank = rows["contrast"] < settings.min_contrast
    rows = _dropped(rows, blank, "blank", "contrast")
    rows = _dropped(rows, rows["smoothness"] < settings.min_smoothness, "noise", "smoothness")
    return _dropped(rows, rows["flat"] > settings.max_flat, "part-lost", "flat")


def foreign(rows: pd.DataFrame, limit: float) -> pd.DataFrame:
    """`rows` with those dropped whose `score` lies above `limit`; what a person keeps stays."""
    return _dropped(rows, rows["score"] > limit, "foreign", "score")


def _dropped(rows: pd.DataFrame, which: pd.Series, reason: str, measure: str) -> pd.DataFrame:
    which = which & rows["kept"] & (rows["verdict"] != "keep")
    result = store.drop(rows, which, STAGE, reason)
    return result.assign(measure=np.where(which, rows[measure], rows["measure"]))
