"""Why rows are dropped: the one table, for the stages that drop rows and for all that count, show or judge them.

A new reason is one entry here; the page of the curation, the account of drift and the evaluation follow it.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import pandas as pd

from tasks import store

Fate = Literal["copied", "conflicting", "outlier", "unusable", "other"]
"""What the account of drift counts a dropped row as."""


class Measure(NamedTuple):
    """The figure that a row was dropped for, a column of the table; the page shows the images by it, worst first."""

    column: str
    caption: str  # stands before the figure
    unit: str
    low: bool  # whether low figures are the bad ones


class Reason(NamedTuple):
    """One reason. `name` stands in the column `drop_reason`, `stage` in the column `dropped_by`."""

    name: str
    stage: str
    meaning: str
    drift: Fate = "other"
    measure: Measure | None = None
    no_cell: bool = False
    """whether its images show no cell, so that a model must refuse them"""
    title: str = ""
    intro: str = ""

    @property
    def heading(self) -> str:
        """The title of its list on the page."""
        return self.title or spoken(self.name).capitalize()

    @property
    def sentence(self) -> str:
        """What its list on the page shows, with the unit of its figures."""
        unit = f" ({self.measure.unit})" if self.measure else ""
        return f"{self.intro or self.meaning.capitalize()}{unit}."


UNREADABLE = Reason(
    store.UNREADABLE,
    "ingest",
    "no decoder could read the file",
    "unusable",
    title="Unreadable files",
    intro="No decoder could read them. Ask whoever delivered them for a new copy",
)
TRANSPARENT = Reason(
    store.TRANSPARENT,
    "ingest",
    "transparent everywhere, with nothing below",
    "unusable",
    title="Transparent files",
    intro="Their alpha is 0 everywhere, and the colours below are one. Ask whoever delivered them for a new copy",
)
UNLISTED_CLASS = Reason(store.UNLISTED_CLASS, "ingest", "the delivery's class is not listed in params.yaml (any more)")
EXACT_COPY = Reason("exact-copy", "dedupe", "the same pixels as an image that stays", "copied")
NEAR_COPY = Reason(
    "near-copy",
    "dedupe",
    "the same image in another size, compression, brightness, colour or orientation, or annotated",
    "copied",
)
RECROPPED_COPY = Reason("recropped-copy", "dedupe", "the same cell, cut out a few pixels beside", "copied")
LABEL_CONFLICT = Reason("label-conflict", "dedupe", "a copy of an image with another label", "conflicting")
REVIEW_DROP = Reason("review-drop", "dedupe", "a person said so in data/review.csv")
HELD = Reason("held", "dedupe", "its delivery is on hold; data/holds.csv says why")
BLANK = Reason(
    "blank",
    "outliers",
    "nothing on it: hardly any contrast",
    "unusable",
    Measure("contrast", "contrast", "standard deviation in grey levels", low=True),
    no_cell=True,
    title="Blank images",
    intro="Images with hardly any contrast",
)
NOISE = Reason(
    "noise",
    "outliers",
    "neighbouring pixels have nothing to do with one another",
    "unusable",
    Measure("smoothness", "smoothness", "correlation, -1 to 1", low=True),
    no_cell=True,
    intro="Images in which neighbouring pixels have nothing to do with one another",
)
PART_LOST = Reason(
    "part-lost",
    "outliers",
    "rows or columns at a side are missing",
    "unusable",
    Measure("flat", "share lost", "share of the side, 0 to 1", low=False),
    no_cell=True,
    title="Images in part lost",
    intro="Images of which rows or columns at a side are one colour",
)
OUTLIER = Reason(
    "outlier",
    "outliers",
    "far from all other images in feature space",
    "outlier",
    Measure("outlier_score", "z", "robust z of their distance", low=False),
    no_cell=True,
    title="Outliers",
    intro="Images far from all others in feature space",
)
BRIDGES_SPLITS = Reason("bridges-splits", "split", "a copy of images in two splits")
UNLABELLED = Reason("unlabelled", "split", "came without a class; `hemaflow review ID label --as CLASS` gives it one")

TABLE = {
    reason.name: reason
    for reason in (
        UNREADABLE, TRANSPARENT, UNLISTED_CLASS,
        EXACT_COPY, NEAR_COPY, RECROPPED_COPY, LABEL_CONFLICT, REVIEW_DROP, HELD,
        BLANK, NOISE, PART_LOST, OUTLIER,
        BRIDGES_SPLITS, UNLABELLED,
    )
}  # fmt: skip
"""By name, in the order in which the stages look."""


def of(name: str) -> Reason:
    """The reason of that name. Raises ValueError where TABLE has none."""
    if name not in TABLE:
        raise ValueError(f"expected one of the reasons in tasks/reasons.py ({', '.join(TABLE)}), got {name!r}")
    return TABLE[name]


def ordered(names: Iterable[str]) -> list[str]:
    """Each once, in the order of TABLE."""
    return sorted(set(names), key=position)


def position(name: str) -> int:
    """Where the reason stands in TABLE."""
    return list(TABLE).index(of(name).name)


def spoken(name: str) -> str:
    """A reason as text: `exact-copy` is `exact copy`."""
    return name.replace("-", " ")


def drop(rows: pd.DataFrame, which: pd.Series, reason: Reason) -> pd.DataFrame:
    """`rows` with those marked by the boolean `which` dropped; rows dropped before keep their first reason."""
    fresh = which & rows["kept"]
    return rows.assign(
        kept=rows["kept"] & ~fresh,
        dropped_by=rows["dropped_by"].mask(fresh, reason.stage),
        drop_reason=rows["drop_reason"].mask(fresh, reason.name),
    )


def kept_by_person(rows: pd.DataFrame) -> pd.Series:
    """Which of `rows`, with a column `review_decision`, no rule may drop: a person keeps them, or gave them a class."""
    return rows["review_decision"].isin(["keep", "label"])
