"""Which rows a model has seen: the ids in its `training_ids.txt`, looked up in the tables that are here."""

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from operations.project import listing
from tasks import atomic, output, splits, store

CLEAN, INGESTED = Path("data/clean"), Path("data/ingested")
COLUMNS = ["id", "delivery", "source", "class", "split"]
"""Of the table that `of` gives: a row for each id; one that no table has is "" in all others."""

_READ = ["id", "delivery", "source", "label"]
_READ_CLEAN = [*_READ, "split", "kept"]
BEGINNING = ",".join(COLUMNS[:3]).encode()


def clean(root: Path) -> pd.DataFrame | None:
    """The table of the cleaned set, None where it is not here."""
    file = root / CLEAN / store.TABLE
    return pd.read_parquet(file, columns=_READ_CLEAN) if file.is_file() else None


def of(root: Path, ids: Collection[str], rows: pd.DataFrame | None) -> pd.DataFrame:
    """A row for each id: from the cleaned set `rows` as far as it has them, else from the deliveries as ingested.

    Of copies, which share an id, the one that is kept, else the first that came.
    """
    found = [] if rows is None else [_first(rows[rows["id"].isin(ids)].sort_values("kept", ascending=False))]
    known = set() if rows is None else set(found[0]["id"])
    rest = set(ids) - known
    if rest:
        found.append(_ingested(root, rest))
        known |= set(found[-1]["id"])
    found.append(pd.DataFrame({"id": sorted(set(ids) - known)}))
    table = pd.concat(found, ignore_index=True).rename(columns={"label": "class"})
    return table.reindex(columns=COLUMNS).fillna("").sort_values("id", ignore_index=True)


def counts(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Rows by delivery or by class, in their order of appearance, a column for each split that teaches."""
    named = table[table["delivery"] != ""]
    return pd.crosstab(named[by], named["split"]).reindex(columns=list(splits.LEARNT), fill_value=0)


def write(table: pd.DataFrame, file: Path) -> None:
    """Write a CSV, at once. Raises for a path that is no CSV's, has no folder, or holds something else."""
    output.check_name(file, "rows.csv")
    output.check_place(file, BEGINNING, "table of rows")
    with atomic.replacing(file) as stream:
        stream.write(table.to_csv(index=False, lineterminator="\n").encode())


def _first(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop_duplicates("id")


def _ingested(root: Path, ids: Collection[str]) -> pd.DataFrame:
    """The same of the deliveries that are here, in the order in which they came."""
    tables = [root / INGESTED / name / store.TABLE for name in listing.names(root)]
    read = [pd.read_parquet(file, columns=_READ) for file in tables if file.is_file()]
    parts = [rows[rows["id"].isin(ids)] for rows in read]
    return _first(pd.concat(parts)) if parts else pd.DataFrame(columns=_READ)
