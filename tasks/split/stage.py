"""split: assign every image to train, val or test. With ingest's arrays, its table is the cleaned dataset."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tasks import command, reasons, scarce, store
from tasks.params import Classes
from tasks.split.assign import BRIDGE, assign, tied
from tasks.split.bridges import joined
from tasks.split.leaks import check_any_kept, check_no_leak
from tasks.split.settings import Split


def main(classes: Classes, split: Split, inliers: Path, deduped: Path, out: Path) -> None:
    """Write the table with a column `split`, also for dropped images: what was ever test data stays test data."""
    rows = store.read_rows(inliers)
    pairs = pd.read_parquet(deduped / "pairs.parquet")
    result, groups = divided(rows, list(zip(pairs["first"], pairs["second"], strict=True)), split)
    store.check_same_rows(rows, result)
    store.write_rows(out, result)
    for line in scarce.told(groups, classes.names):
        print(f"split: {line}")


def divided(rows: pd.DataFrame, pairs: Sequence[tuple[str, str]], split: Split) -> tuple[pd.DataFrame, dict[str, int]]:
    """`rows` with a column `split`, "" for the unreadable and for bridges, which are dropped; `pairs` are ids.

    And the number of groups of copies of each class. Raises ValueError where one image would stand in two splits.
    """
    check_any_kept(rows)
    shares, ties = split.shares.model_dump(), tied(pairs)
    found = assign(_images(rows), ties, shares, split.seed)
    kept = rows[
        rows["kept"] | (rows["drop_reason"] == reasons.HELD.name)
    ]  # a delivery on hold moves nothing, and comes back as it was
    wanted = kept[kept["review_decision"] == "keep"]
    place = rows["id"].map(found.splits | joined(found.bridges, found.splits, ties, set(wanted["id"]), set(kept["id"])))
    result = reasons.drop(rows.assign(split=place.fillna("")), place == BRIDGE, reasons.BRIDGES_SPLITS)
    check_no_leak(result, pairs)
    return result, {str(label): int(count) for label, count in found.counts.items()}


def _images(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per readable id, that of the delivery which brought it first, the deliveries in their order."""
    position, _ = pd.factorize(rows["delivery"])
    came = rows.assign(position=position)[rows["dropped_by"] != "ingest"]
    return came.sort_values(["position", "id", "label"]).drop_duplicates("id")


if __name__ == "__main__":
    command.run(main, Classes, Split)
