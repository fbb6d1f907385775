"""Plain checks, for what is no image of anything."""

import numpy as np
import pandas as pd

from tasks import reasons
from tasks.outliers.settings import Outliers
from tasks.reasons import Reason


def checked(rows: pd.DataFrame, settings: Outliers) -> pd.DataFrame:
    """`rows` with the blank, the noise and those dropped of which a part was lost; what a person keeps stays."""
    blank = rows["contrast"] < settings.min_contrast
    rows = _dropped(rows, blank, reasons.BLANK)
    rows = _dropped(rows, rows["smoothness"] < settings.min_smoothness, reasons.NOISE)
    return _dropped(rows, rows["flat"] > settings.max_flat, reasons.PART_LOST)


def outliers(rows: pd.DataFrame, limit: float) -> pd.DataFrame:
    """`rows` with those dropped whose `outlier_score` lies above `limit`; what a person keeps stays."""
    return _dropped(rows, rows["outlier_score"] > limit, reasons.OUTLIER)


def _dropped(rows: pd.DataFrame, which: pd.Series, reason: Reason) -> pd.DataFrame:
    which = which & rows["kept"] & ~reasons.kept_by_person(rows)
    result = reasons.drop(rows, which, reason)
    figure = rows[reason.measure.column if reason.measure else "drop_value"]
    return result.assign(drop_value=np.where(which, figure, rows["drop_value"]))
