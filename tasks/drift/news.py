"""What became of the rows of new deliveries: new, copied, conflicting, outlier."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tasks import reasons
from tasks.drift.drift import News

FIELDS = ("new", "copied", "repeated", "conflicting", "outlier", "unusable", "other")


def news(rows: pd.DataFrame, names: Sequence[str]) -> tuple[News, ...]:
    """Counts by delivery, in the order of `names`, and class, by name."""
    here = rows[rows["delivery"].isin(names)]
    found = here.assign(fate=_fate(here)).groupby(["delivery", "label", "fate"]).size().unstack(fill_value=0)
    counts = found.reindex(columns=list(FIELDS), fill_value=0).astype(int)
    order = sorted(counts.index, key=lambda key: (list(names).index(key[0]), key[1]))
    lines = [dict(zip(FIELDS, map(int, counts.loc[key]), strict=True)) for key in order]
    return tuple(
        News(str(name), str(label), sum(line.values()), **line)
        for (name, label), line in zip(order, lines, strict=True)
    )


def displaced(rows: pd.DataFrame, names: Sequence[str]) -> int:
    """Rows of other deliveries that were dropped for one of these."""
    return int((~rows["kept"] & ~rows["delivery"].isin(names) & _of(rows["duplicate_of"]).isin(names)).sum())


def _fate(rows: pd.DataFrame) -> pd.Series:
    fate = rows["drop_reason"].map(lambda name: reasons.of(name).drift if name else "new").astype(object)
    inside = (fate == "copied") & (_of(rows["duplicate_of"]) == rows["delivery"])
    return pd.Series(np.where(inside, "repeated", fate), index=rows.index)


def _of(partner: pd.Series) -> pd.Series:
    """The delivery in `delivery/source`; names of deliveries hold no slash."""
    return partner.str.partition("/")[0]
