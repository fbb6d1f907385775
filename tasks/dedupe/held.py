"""Deliveries on hold: their rows stay in every table, and none of them is kept.

All rows still tie images to groups and groups to splits, so nothing moves while a delivery is on hold, and its
release gives the same tables as before. A held row speaks for no other: it stands for no copy and contradicts no label.
"""

from collections.abc import Collection
from pathlib import Path

import pandas as pd
import yaml

from tasks import reasons


def names(listing: Path) -> list[str]:
    """The deliveries that the list names as held; it may lack the key. Raises ValueError for one that is not listed."""
    document = yaml.safe_load(listing.read_text())
    held, listed = list(document.get("held") or ()), document["deliveries"]
    strange = [name for name in held if name not in listed]
    if strange:
        raise ValueError(f"{listing}: held: {strange[0]!r} is not among the deliveries")
    return held


def dropped(rows: pd.DataFrame, held: Collection[str]) -> pd.DataFrame:
    """`rows` with those of the `held` deliveries dropped; what was dropped before keeps its reason."""
    return reasons.drop(rows, rows["delivery"].isin(held), reasons.HELD)
