"""Which rows a model has seen: the ids in its `seen.txt`, looked up in the tables that are here."""

import hashlib
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from flows import listing
from tasks import atomic, store

CLEAN, INGESTED = Path("data/clean"), Path("data/ingested")
LEARNT = ("train", "val")
COLUMNS = ["id", "delivery", "source", "class", "split"]
"""Of the table that `seen` gives: a row for each id; one that no table has is "" in all others."""

_READ = ["id", "delivery", "source", "label"]
_READ_CLEAN = [*_READ, "split", "kept"]
BEGINNING = ",".join(COLUMNS[:3]).encode()


def clean(root: Path) -> pd.DataFrame | None:
    """The table of the cleaned set, None where it is not here."""
    file = root / CLEAN / store.TABLE
    return pd.read_parquet(file, columns=_READ_CLEAN) if file.is_file() else None


def dataset(rows: pd.DataFrame) -> str:
    """The digest over id, class and split of all kept rows, as the training notes it in its model's provenance."""
    kept = rows.loc[rows["kept"], ["id", "label", "split"]]
    lines = sorted("\t".join(row) for row in kept.itertuples(index=False, name=None))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def seen(root: Path, ids: Collection[str], rows: pd.DataFrame | None) -> pd.DataFrame:
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
    return pd.crosstab(named[by], named["split"]).reindex(columns=list(LEARNT), fill_value=0)


def write(table: pd.DataFrame, file: Path) -> None:
    """Write a CSV, at once. Raises for a path that is no CSV's, has no folder, or holds something else."""
    if file.suffix.lower() != ".csv":
        raise ValueError(f"expected the path of a CSV, as rows.csv, got {file}")
    if not file.parent.is_dir():
        raise FileNotFoundError(f"{file.parent}: no such folder to write {file.name} into")
    if file.exists() and (not file.is_file() or file.read_bytes()[: len(BEGINNING)] not in (b"", BEGINNING)):
        raise FileExistsError(f"{file} exists and is no table of rows: give another path, or remove it first")
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
