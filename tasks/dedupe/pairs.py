"""The table of pairs of images that are copies of each other."""

import pandas as pd

COLUMNS = {
    "first": "int64",  # positions in order of precedence, first < second
    "second": "int64",
    "kind": "str",  # near: the whole image; recropped: what the two share of it
    "distance": "int64",  # bits by which the perceptual hashes differ
    "orientation": "int64",  # how `first` is turned to look like `second`
    "dy": "float64",  # where the content of `second` lies against that of `first`, pixels down
    "dx": "float64",  # and to the right
    "rmse": "float64",  # difference of what they share, grey levels
}


def table(**columns: object) -> pd.DataFrame:
    """Pairs from arrays of one length; what is not given is 0."""
    return pd.DataFrame({name: columns.get(name, 0) for name in COLUMNS}, index=_index(columns)).astype(COLUMNS)


def merged(*tables: pd.DataFrame) -> pd.DataFrame:
    """All pairs, each once, as the first of the tables that has it says, sorted."""
    pairs = pd.concat(tables, ignore_index=True).drop_duplicates(["first", "second"])
    return pairs.sort_values(["first", "second"]).reset_index(drop=True)


def _index(columns: dict[str, object]) -> pd.RangeIndex:
    return pd.RangeIndex(len(columns["first"]))  # type: ignore[arg-type]
