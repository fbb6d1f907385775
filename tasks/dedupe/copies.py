"""The verdict on copies: from tables and confirmed pairs to rows kept and rows dropped."""

from collections.abc import Hashable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import store
from tasks.dedupe.groups import complete_link, components
from tasks.dedupe.near import Pairs

STAGE = "dedupe"


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """Readable rows in order of precedence: earlier delivery, then id, then source; never the order of the files."""
    position = {name: code for code, name in enumerate(rows["delivery"].unique())}
    readable = rows[rows["kept"]]
    return readable.assign(position=readable["delivery"].map(position)).sort_values(["position", "id", "source"])


def distinct(order: pd.DataFrame) -> pd.DataFrame:
    """One row per distinct picture, the first in the order of `ranked`: the nodes between which pairs are sought."""
    return order.drop_duplicates("id").reset_index(drop=True)


def judged(rows: pd.DataFrame, nodes: pd.DataFrame, pairs: Pairs, on_conflict: str) -> pd.DataFrame:
    """`rows` with copies dropped and split groups named; `pairs` are positions in `nodes`."""
    leader = complete_link(len(nodes), pairs.first, pairs.second)
    component = components(len(nodes), pairs.first, pairs.second)
    node = rows["id"].map(pd.Series(nodes.index, index=nodes["id"]))
    table = rows.assign(
        group=node.map(pd.Series(nodes["id"].to_numpy()[component])).fillna(rows["id"]),
        leader=node.map(pd.Series(leader)).where(rows["kept"]),
        node=node,
        key=rows["delivery"] + "/" + rows["source"],
    )
    table = _without_copies(_without_conflicts(table, on_conflict), _measures(pairs))
    return table.drop(columns=["leader", "node", "key"])


def pair_table(nodes: pd.DataFrame, pairs: Pairs) -> pd.DataFrame:
    """Confirmed pairs by id, with the RMSE of each."""
    ids = nodes["id"].to_numpy()
    return pd.DataFrame({"first": ids[pairs.first], "second": ids[pairs.second], "rmse": pairs.measure})


def _without_conflicts(table: pd.DataFrame, on_conflict: str) -> pd.DataFrame:
    """Drops the members of copy groups whose labels differ; each names the first that contradicts it."""
    if on_conflict == "keep_first":
        return table
    order = ranked(table)
    labels = order.groupby("leader")["label"].nunique()
    which = table["leader"].isin(labels[labels > 1].index) & table["kept"]
    contradiction = _first_other_label(order[order["leader"].isin(labels[labels > 1].index)])
    dropped = store.drop(table, which, STAGE, "label-conflict")
    return dropped.assign(partner=dropped["partner"].mask(which, pd.Series(contradiction, dtype="str")))


def _first_other_label(order: pd.DataFrame) -> dict[Hashable, str]:
    """For each row of conflicting groups, by its index: the key of the group's first row with another label."""
    contradiction: dict[Hashable, str] = {}
    for _, group in order.groupby("leader"):
        first = group.iloc[0]
        other = group[group["label"] != first["label"]].iloc[0]
        for index, label in group["label"].items():
            contradiction[index] = other["key"] if label == first["label"] else first["key"]
    return contradiction


def _without_copies(table: pd.DataFrame, measures: dict[tuple[int, int], float]) -> pd.DataFrame:
    """Drops all but the first of each copy group, and says of each for which row and by what RMSE."""
    order = ranked(table)
    first = order.drop_duplicates("leader").set_index("leader")
    partner, partner_node = table["leader"].map(first["key"]), table["leader"].map(first["node"])
    which = table["kept"] & (table["key"] != partner)
    exact = which & (table["node"] == partner_node)
    table = store.drop(store.drop(table, exact, STAGE, "exact-copy"), which, STAGE, "near-copy")
    ends = zip(table.loc[which, "node"], partner_node[which], strict=True)
    rmse = [measures.get((int(min(pair)), int(max(pair))), 0.0) for pair in ends]
    return table.assign(
        partner=table["partner"].mask(which, partner),
        measure=table["measure"].mask(which, pd.Series(rmse, index=table.index[which], dtype="float64")),
    )


def _measures(pairs: Pairs) -> dict[tuple[int, int], float]:
    ends = zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
    return dict(zip(ends, pairs.measure.tolist(), strict=True))


def packed(nodes: pd.DataFrame) -> NDArray[np.uint8]:
    """Perceptual hashes of `nodes`, uint8 (n, bytes), from their hexadecimal text."""
    hashes = [bytes.fromhex(text) for text in nodes["phash"]]
    return np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), len(hashes[0]) if hashes else 0)
