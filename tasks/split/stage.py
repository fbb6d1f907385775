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
    _check_labels(rows, classes.names)
    result, groups = divided(rows, list(zip(pairs["first"], pairs["second"], strict=True)), split)
    store.check_same_rows(rows, result)
    store.write_rows(out, result)
    for line in scarce.told(groups, classes.names):
        print(f"split: {line}")


def divided(rows: pd.DataFrame, pairs: Sequence[tuple[str, str]], split: Split) -> tuple[pd.DataFrame, dict[str, int]]:
    """`rows` with a column `split`; `pairs` are ids.

    It is "" for the unreadable, and for bridges and images without a class, which are dropped. And the number of groups
    of copies of each class. Raises ValueError where one image would stand in two splits.
    """
    check_any_kept(rows)
    shares, ties = split.shares.model_dump(), tied(pairs)
    found = assign(_images(rows, split.given), ties, shares, split.seed)
    kept = rows[
        rows["kept"] | (rows["drop_reason"] == reasons.HELD.name)
    ]  # a delivery on hold moves nothing, and comes back as it was
    wanted = kept[reasons.kept_by_person(kept)]
    place = rows["id"].map(found.splits | joined(found.bridges, found.splits, ties, set(wanted["id"]), set(kept["id"])))
    named = rows["label"] != ""
    result = rows.assign(split=place.fillna("").where(named, ""))
    result = reasons.drop(result, named & (place == BRIDGE), reasons.BRIDGES_SPLITS)
    result = reasons.drop(result, ~named, reasons.UNLABELLED)
    check_no_leak(result, pairs)
    check_any_kept(result)
    return result, {str(label): int(count) for label, count in found.counts.items()}


def _check_labels(rows: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise ValueError for a class that a person gave and params.yaml does not have."""
    given = rows[rows["review_decision"] == "label"]
    unknown = given[~given["label"].isin(names)]
    for row in unknown.head(1).itertuples():
        raise ValueError(
            f"the review file labels {row.delivery}/{row.source} as {row.label!r}, expected one of {', '.join(names)}"
        )


def _images(rows: pd.DataFrame, given: bool) -> pd.DataFrame:
    """A row per readable id, that of the delivery which brought it first, the deliveries in their order.

    With the class as it came, before a person gave one, and with the split as it came if that is `given`.
    """
    position, _ = pd.factorize(rows["delivery"])
    label = rows["label"].mask(rows["review_decision"] == "label", "")
    split = rows["given_split"] if given and "given_split" in rows else ""
    came = rows.assign(position=position, label=label, none=label == "", given=split)[rows["dropped_by"] != "ingest"]
    return came.sort_values(["position", "id", "none", "label"]).drop_duplicates("id")


if __name__ == "__main__":
    command.run(main, Classes, Split)
