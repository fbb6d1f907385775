"""Which images are copies of one another, seen from the table: the groups that the page shows side by side."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tasks import reasons
from tasks.data_report.cards import Row
from tasks.reasons import Reason


def groups(rows: pd.DataFrame, pairs: pd.DataFrame) -> NDArray[np.int64]:
    """A code per row, int64 (n,): rows of one code are copies of one another; -1 where a row has no copy.

    Ties are equal ids, what dedupe dropped a row for, and the confirmed pairs of an image that a person overruled:
    no rule dropped that one for anything. Rows that ingest dropped are nobody's copies.
    """
    node, ids = pd.factorize(rows["id"])
    key = pd.Series(node, index=rows["delivery"] + "/" + rows["source"])
    partner = rows["duplicate_of"].map(key).where(rows["dropped_by"] == "dedupe")
    tied = partner.notna().to_numpy()
    by_person = set(rows.loc[rows["review_decision"] != "", "id"])
    reviewed = pairs[pairs["first"].isin(by_person) | pairs["second"].isin(by_person)]
    first = np.concatenate([node[tied], ids.get_indexer(pd.Index(reviewed["first"]))])
    second = np.concatenate([partner[tied].to_numpy(np.int64), ids.get_indexer(pd.Index(reviewed["second"]))])
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(len(ids), len(ids)))
    code = connected_components(graph, directed=False)[1][node].astype(np.int64)
    code[(rows["dropped_by"] == "ingest").to_numpy()] = -1
    alone = np.bincount(code[code >= 0], minlength=len(ids)) < 2
    return np.where(alone[code], -1, code)


def overview(rows: pd.DataFrame, code: NDArray[np.int64]) -> pd.DataFrame:
    """A line per group, by its code: kind, rows, images (distinct), dropped, measure (largest) and settled.

    The kind is `conflict` where labels differ, else that of the least alike member: `recropped`, `near` or `exact`.
    Settled are groups in which a person has spoken. In the order in which a person should look: unsettled ones
    first, then the largest conflicts and exact groups, and of the others the least alike.
    """
    members = rows.assign(code=code, person=rows["review_decision"] != "")[code >= 0]
    by = members.groupby("code")
    table = pd.DataFrame(
        {
            "rows": by.size(),
            "images": by["id"].nunique(),
            "dropped": by.size() - by["kept"].sum(),
            "drop_value": by["drop_value"].max().fillna(0.0),
            "settled": by["person"].any(),
            "first": by["id"].min(),
        }
    )
    table["kind"] = np.select(
        [_has(members, reasons.LABEL_CONFLICT) | (by["label"].nunique() > 1), _has(members, reasons.RECROPPED_COPY)],
        ["conflict", "recropped"],
        np.where(table["images"] > 1, "near", "exact"),
    )
    size = table["rows"].where(table["kind"].isin(["conflict", "exact"]), 0)
    order = ["settled", "size", "drop_value", "first"]
    return table.assign(size=size).sort_values(order, ascending=[True, False, False, True]).drop(columns="size")


def reference(members: dict[str, list[Row]]) -> str:
    """The id that the others of one group are compared with: one that stays, else the one most were dropped for.

    `members` are the rows of each id; of equal ones the first.
    """
    aims = Counter(row.duplicate_of for rows in members.values() for row in rows)
    votes = {identity: sum(aims[row.key] for row in rows) for identity, rows in members.items()}
    kept = {identity for identity, rows in members.items() if rows[0].kept}
    return max(members, key=lambda identity: (identity in kept, votes[identity]))


def both_stay(rows: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Confirmed pairs of which both ends are kept, the most alike first."""
    kept = set(rows.loc[rows["kept"], "id"])
    return pairs[pairs["first"].isin(kept) & pairs["second"].isin(kept)].sort_values(["rmse", "first", "second"])


def fitting(counts: NDArray[np.int64], limit: int) -> int:
    """How many of the leading groups fit where `limit` images are shown; at least one where there is any."""
    return max(int((np.cumsum(counts) <= limit).sum()), min(1, len(counts)))


class Pair(NamedTuple):
    """What is known of a confirmed pair, as `pairs.parquet` has it."""

    kind: str
    distance: int
    orientation: int
    dy: float
    dx: float
    rmse: float


class Relations:
    """What is known of each confirmed pair, said in words."""

    def __init__(self, pairs: pd.DataFrame):
        ends = zip(pairs["first"], pairs["second"], strict=True)
        facts = zip(*(pairs[name].tolist() for name in Pair._fields), strict=True)
        self._found = dict(zip(ends, map(Pair._make, facts), strict=True))

    def __call__(self, reference: str, other: str) -> str:
        """How `other` differs from `reference`; "" where they are no confirmed pair."""
        inverse = (reference, other) not in self._found
        pair = self._found.get((other, reference) if inverse else (reference, other))
        if pair is None:
            return ""
        shift = f"shifted {np.hypot(pair.dy, pair.dx):.1f} px" if pair.kind == "recropped" else ""
        parts = [shift, turn(pair.orientation, inverse), f"RMSE {pair.rmse:.1f}", f"{pair.distance} bits"]
        return ", ".join(part for part in parts if part)


def turn(orientation: int, inverse: bool = False) -> str:
    """An orientation code in words, or that of its inverse. Mirrored ones are their own inverses."""
    quarters, mirrored = orientation % 4, orientation >= 4
    degrees = 90 * ((4 - quarters) % 4 if inverse and not mirrored else quarters)
    turned = {0: "", 90: "turned 90° left", 180: "turned 180°", 270: "turned 90° right"}[degrees]
    return " and ".join(part for part in ("mirrored" if mirrored else "", turned) if part)


def _has(members: pd.DataFrame, reason: Reason) -> pd.Series:
    return (members["drop_reason"] == reason.name).groupby(members["code"]).any()
