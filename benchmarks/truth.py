"""What each row of a delivery shows in truth, set beside what curation made of it."""

import json
from pathlib import Path

import pandas as pd

from tasks import reasons
from tasks.dedupe.groups import components

JOINED = [reason.name for reason in reasons.TABLE.values() if reason.drift in ("copied", "conflicting")]
"""Reasons whose partner is a row that is said to show the same."""


def read(file: Path) -> pd.DataFrame:
    """Columns source or row, `kind`, `of`: the source or row that it copies, and `name`: that of the file it is from.

    A replica's rows have no sources, and its copies and outliers, which it calls foreign, are from no file of their
    own.
    """
    if file.suffix == ".csv":
        found = pd.read_csv(file, keep_default_na=False)
        return found[["source", "kind", "of"]].assign(name=found.get("name", found["source"]))
    found = pd.DataFrame(json.loads(file.read_text())).reindex(columns=["kind", "of", "file"])
    names = [Path(name).stem if isinstance(name, str) else "" for name in found["file"]]
    return found[["kind", "of"]].replace({"kind": {"foreign": "outlier"}}).assign(row=range(len(found)), name=names)


def merged(rows: pd.DataFrame, truth: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The delivery's rows with their truth. Columns are added:

    `real`: a true cell, or a copy of one. `origin`: position of the row that this one copies, its own where it is no
    copy. `shows`: the true image, by the name of the first of those that are identical. `cell`: the same, where
    pairs of names in `known` count as one cell. `called`: the row's own name.
    """
    key = "source" if "source" in truth else "row"
    both = rows.merge(truth, on=key, validate="one_to_one")
    if len(both) != len(truth):
        raise ValueError(f"{len(truth)} rows of truth, {len(both)} of them in the table: not the same delivery")
    own = pd.Series(both.index, index=both.index)
    origin = both["of"].map(pd.Series(both.index, index=both[key])).fillna(own).astype(int)
    name = both["name"].mask(both["name"] == "", both["kind"] + " " + both["row"].astype(str))
    shows = both["id"].take(origin).map(name.groupby(both["id"]).first()).to_numpy()
    copy = both["kind"] + " of " + name.take(origin).to_numpy()
    return both.assign(
        real=(both["kind"] == "cell") | both["kind"].str.startswith(("exact", "near")),
        origin=origin,
        shows=shows,
        cell=_cells(pd.Series(shows), name, known),
        called=name.mask(origin != own, copy),
    )


def copies(both: pd.DataFrame) -> pd.DataFrame:
    """Planted copies with a column `found`: none of them stays beside what it is a copy of."""
    origin = both["id"].take(both["origin"]).set_axis(both.index)
    stay = origin.map(both.groupby("id")["kept"].sum()) - (both["kept"] & (both["id"] == origin))
    return both.assign(found=~both["kept"] | (stay == 0))[both["origin"] != both.index]


def identical(both: pd.DataFrame) -> pd.DataFrame:
    """Images that came identical under several names, by no planting: `names`, `labels`, how many `stay`."""
    cells = both[both["kind"] == "cell"]
    groups = cells[cells.duplicated("id", keep=False)].groupby("id")
    return groups.agg(
        names=("called", lambda names: " = ".join(sorted(names))),
        labels=("label", lambda labels: sorted(set(labels))),
        stay=("kept", "sum"),
    )


def lost(both: pd.DataFrame) -> pd.DataFrame:
    """True cells of which neither the image nor any copy stays, a row each: `cell`, `reason`, `bluish`."""
    real = both.assign(bluish=bluish(both), conflict=both["drop_reason"] == "label-conflict")[both["real"]]
    gone = real[~real["cell"].isin(real.loc[real["kept"], "cell"])]
    return gone.sort_values("conflict", ascending=False, kind="stable").drop_duplicates("cell")[
        ["cell", "drop_reason", "bluish"]
    ]


def bluish(both: pd.DataFrame) -> pd.Series:
    """Whether what a row shows is of another acquisition batch than most images are."""
    batch = both["acquisition_batch"].take(both["origin"]).set_axis(both.index)
    return ~batch.isin(["", both.loc[both["acquisition_batch"] != "", "acquisition_batch"].mode().iloc[0]])


def joined(both: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs of true images that curation took for one, by row names `first` and `second`, with a `verdict`.

    They are what dropped rows were dropped for, and the `pairs` of ids. Verdicts: right, known, wrong, and outlier for
    two outliers, of which truth does not say whether they show the same.
    """
    row = pd.Series(both.index, index=both["delivery"] + "/" + both["source"])
    by_id = pd.Series(both.index, index=both["id"]).groupby(level=0).first()
    dropped = both[both["drop_reason"].isin(JOINED)]
    first = pd.concat([dropped.index.to_series(), pairs["first"].map(by_id)], ignore_index=True)
    second = pd.concat([dropped["duplicate_of"].map(row), pairs["second"].map(by_id)], ignore_index=True)
    here = first.notna() & second.notna()
    return _judged(*(both.loc[ends[here].astype(int)].reset_index(drop=True) for ends in (first, second)))


def _judged(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    verdict = pd.Series("wrong", index=first.index)
    verdict = verdict.mask(first["cell"] == second["cell"], "known")
    verdict = verdict.mask(first["shows"] == second["shows"], "right")
    verdict = verdict.mask(~first["real"] & ~second["real"], "outlier")
    table = pd.DataFrame({"first": first["called"], "second": second["called"], "verdict": verdict})
    ends = [tuple(sorted(pair)) for pair in zip(first["shows"], second["shows"], strict=True)]
    return table[~pd.Series(ends, index=table.index, dtype=object).duplicated()]


def _cells(shows: pd.Series, name: pd.Series, known: pd.DataFrame) -> pd.Series:
    """`shows` with the names of known pairs made one."""
    names = pd.Index(shows.unique())
    place = pd.Series(names.get_indexer(shows), index=name).groupby(level=0).first()
    ends = pd.DataFrame({end: known[end].map(place) for end in ("first", "second")}).dropna().astype("int64")
    one = components(len(names), ends["first"].to_numpy(), ends["second"].to_numpy())
    return pd.Series(names[one[names.get_indexer(shows)]])
