"""split: assign every picture to train, val or test. With ingest's arrays, its table is the cleaned dataset."""

from pathlib import Path

import pandas as pd

from tasks import command, store
from tasks.params import Classes
from tasks.split.assign import BRIDGE, assign
from tasks.split.leaks import check_groups, check_no_leak
from tasks.split.settings import Split


def main(classes: Classes, split: Split, inliers: Path, deduped: Path, out: Path) -> None:
    """Write the table with a column `split`, also for dropped pictures: what was ever test data stays test data."""
    rows = store.read_rows(inliers)
    pairs = pd.read_parquet(deduped / "pairs.parquet")
    ties = list(zip(pairs["first"], pairs["second"], strict=True))
    splits, groups = assign(_pictures(rows), ties, split.shares.model_dump(), split.seed)
    check_groups(groups, classes.names, len(split.shares.model_dump()))
    result = rows.assign(split=rows["id"].map(splits).fillna(BRIDGE))
    bridges = rows["id"].map(splits) == BRIDGE
    result = store.drop(result, bridges, "split", "bridges-splits")
    check_no_leak(result, ties)
    store.check_same_rows(rows, result)
    store.write_rows(out, result)


def _pictures(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per readable id, that of the delivery which brought it first, the deliveries in their order."""
    position = rows["delivery"].map({name: code for code, name in enumerate(rows["delivery"].unique())})
    return (
        rows[rows["stage"] != "ingest"]
        .assign(position=position)
        .sort_values(["position", "id", "label"])
        .drop_duplicates("id")
    )


if __name__ == "__main__":
    command.run(main, Classes, Split)
