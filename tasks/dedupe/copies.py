"""The verdict on copies: from tables and confirmed pairs to rows kept and rows dropped."""

from collections.abc import Hashable

import numpy as np
import pandas as pd

from tasks import reasons
from tasks.dedupe.groups import complete_link, components

KINDS = {"exact": reasons.EXACT_COPY, "near": reasons.NEAR_COPY, "recropped": reasons.RECROPPED_COPY}
"""What a copy is dropped for, by the kind of the pair."""


GREY = 2.0
"""Saturation below which an image is grey."""
SIZE_STEP = 1.2
"""Factor between two sizes that are told apart; cameras' formats of one laboratory differ by less."""


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """Kept rows in order of precedence; never the order of the files.

    Earlier delivery first, then colour before grey, then what is usual in the delivery: the acquisition batch, which
    exchanged channels change, and the size, by which the crop is right. Then the one with the least in black or white,
    which annotations are. Then the source that lost least to compression (more pixels, then more bytes), then id.
    """
    position = {name: code for code, name in enumerate(rows["delivery"].unique())}
    kept = rows[rows["kept"]]
    kept = kept.assign(**{name: 0.0 for name in ("saturation", "clipped") if name not in kept})  # from an older ingest
    facts = kept.assign(
        position=kept["delivery"].map(position),
        grey=kept["saturation"] < GREY,
        rare=-kept.groupby(["delivery", "acquisition_batch"])["id"].transform("size"),
        odd=_odd_size(kept),
        clipped=kept["clipped"].round(3),
        pixels=-kept["height"] * kept["width"],
        bytes=-kept["file_bytes"],
    )
    order = ["position", "grey", "rare", "odd", "clipped", "pixels", "bytes", "id", "source"]
    return kept.loc[facts.sort_values(order).index]


def _odd_size(rows: pd.DataFrame) -> pd.Series:
    """By how many steps of SIZE_STEP the size of a row differs from the median of its delivery."""
    size = pd.Series(np.log(rows["height"] * rows["width"]) / 2, rows.index)
    usual = size.groupby(rows["delivery"]).transform("median")
    return ((size - usual).abs() / np.log(SIZE_STEP)).round()


def distinct(order: pd.DataFrame) -> pd.DataFrame:
    """One row per distinct image, the first in the order of `ranked`: the nodes between which pairs are sought."""
    return order.drop_duplicates("id").reset_index(drop=True)


def judged(rows: pd.DataFrame, nodes: pd.DataFrame, pairs: pd.DataFrame, on_conflict: str) -> pd.DataFrame:
    """`rows`, which have `review_decision`, with copies dropped and split groups named; `pairs` are positions in
    `nodes`."""
    first, second = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    left = nodes["id"].isin(rows.loc[rows["kept"], "id"]).to_numpy()
    both = left[first] & left[second]
    leader = complete_link(len(nodes), first[both], second[both])
    ids = nodes["id"].to_numpy(str)
    group = pd.Series(ids[components(len(nodes), first, second)], index=ids, dtype="str")
    node = rows["id"].map(pd.Series(nodes.index, index=nodes["id"]))
    table = rows.assign(
        split_group=rows["id"].map(group).astype("str").fillna(rows["id"]),
        leader=node.map(pd.Series(leader)).where(rows["kept"]),
        node=node,
        key=rows["delivery"] + "/" + rows["source"],
    )
    table = _without_copies(_without_conflicts(table, on_conflict), pairs)
    return table.drop(columns=["leader", "node", "key"])


def by_id(nodes: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The table of pairs with ids instead of positions in `nodes`."""
    ids = nodes["id"].to_numpy()
    return pairs.assign(first=ids[pairs["first"]], second=ids[pairs["second"]])


def _without_conflicts(table: pd.DataFrame, on_conflict: str) -> pd.DataFrame:
    """Drops the members of copy groups whose labels differ; each names the first that contradicts it."""
    if on_conflict == "keep_first":
        return table
    order = ranked(table)
    order = order[order["label"] != ""]
    labels = order.groupby("leader")["label"].nunique()
    which = table["leader"].isin(labels[labels > 1].index) & table["kept"] & (table["label"] != "")
    which &= ~reasons.kept_by_person(table)
    contradiction = _first_other_label(order[order["leader"].isin(labels[labels > 1].index)])
    dropped = reasons.drop(table, which, reasons.LABEL_CONFLICT)
    return dropped.assign(duplicate_of=dropped["duplicate_of"].mask(which, pd.Series(contradiction, dtype="str")))


def _first_other_label(order: pd.DataFrame) -> dict[Hashable, str]:
    """For each row of conflicting groups, by its index: the key of the group's first row with another label."""
    contradiction: dict[Hashable, str] = {}
    for _, group in order.groupby("leader"):
        first = group.iloc[0]
        other = group[group["label"] != first["label"]].iloc[0]
        for index, label in group["label"].items():
            contradiction[index] = other["key"] if label == first["label"] else first["key"]
    return contradiction


def _without_copies(table: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Drops all but one of each copy group, says for which row and by what RMSE; what a person keeps stays.

    An image with a class stays rather than one without.
    """
    order = ranked(table).sort_values("label", key=lambda label: label == "", kind="stable")
    order = order.loc[(~reasons.kept_by_person(order)).sort_values(kind="stable").index]
    stays = order.drop_duplicates("leader").set_index("leader")
    partner, partner_node = table["leader"].map(stays["key"]), table["leader"].map(stays["node"])
    which = table["kept"] & (table["key"] != partner) & ~reasons.kept_by_person(table)
    ends = pd.DataFrame(
        {"first": np.minimum(table["node"], partner_node), "second": np.maximum(table["node"], partner_node)}
    )
    found = ends[which].merge(pairs, on=["first", "second"], how="left").set_index(ends.index[which])
    kinds = found["kind"].fillna("exact").reindex(table.index)
    for kind, reason in KINDS.items():
        table = reasons.drop(table, kinds == kind, reason)
    return table.assign(
        duplicate_of=table["duplicate_of"].mask(which, partner),
        drop_value=table["drop_value"].mask(which, found["rmse"].fillna(0.0)),
    )
