"""The gates of split: errors that stop the pipeline rather than let a wrong division through."""

from collections.abc import Sequence

import pandas as pd


def check_no_leak(rows: pd.DataFrame, pairs: Sequence[tuple[str, str]]) -> None:
    """Raises ValueError where a confirmed pair of kept images stands in two splits; needs columns id, kept, split."""
    kept = rows.loc[rows["kept"], ["id", "split"]].drop_duplicates().sort_values(["id", "split"])
    torn = kept[kept.duplicated("id", keep=False)]
    if len(torn):
        name = torn["id"].iloc[0]
        raise ValueError(f"leak: image {name} stands in {' and '.join(torn.loc[torn['id'] == name, 'split'])}")
    split = dict(zip(kept["id"], kept["split"], strict=True))
    for a, b in pairs:
        if a in split and b in split and split[a] != split[b]:
            raise ValueError(f"leak: {a} in {split[a]} and {b} in {split[b]} are copies of one image")


def check_any_kept(rows: pd.DataFrame) -> None:
    """Raises ValueError, with the reasons and how often each stands, where no image is left to be divided."""
    if not rows["kept"].any():
        reasons = ", ".join(f"{reason} {count}" for reason, count in rows["drop_reason"].value_counts().items())
        raise ValueError(f"of {len(rows)} images that came, all were dropped ({reasons}): there is nothing to divide")
