"""Which rows a model is judged on: the test rows, and what curation dropped as no cell."""

from pathlib import Path

import pandas as pd

from tasks import reasons, splits, store

NO_CELL = [reason.name for reason in reasons.TABLE.values() if reason.no_cell]


def read(clean: Path, classes: list[str], training_ids: frozenset[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The kept test rows in the order of their ids, also of classes that the model does not know, and the dropped rows
    that show no cell.

    Raises ValueError where no test row is left or none of a class that the model knows, and for a test row that the
    model was trained on or chosen by.
    """
    rows = store.read_rows(clean)
    test = splits.kept(rows, "test").sort_values("id", ignore_index=True)
    if test.empty:
        raise ValueError("no image is left in test, expected at least one")
    if not test["label"].isin(classes).any():
        there = ", ".join(sorted(set(test["label"])))
        raise ValueError(f"the model knows none of the test rows' classes, {there}; it knows {', '.join(classes)}")
    known = test[test["id"].isin(training_ids)]
    if len(known):
        raise ValueError(
            f"the model has seen {len(known)} of the {len(test)} test rows in training, for one "
            f"{'/'.join(known.iloc[0][store.KEY])}: figures on them would say nothing"
        )
    return test, rows[~rows["kept"] & rows["drop_reason"].isin(NO_CELL)].reset_index(drop=True)


def of(test: pd.DataFrame, classes: list[str]) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows of classes that the model knows, and how many there are of each other class."""
    known = test["label"].isin(classes)
    left = test.loc[~known, "label"].value_counts().sort_index()
    return test[known].reset_index(drop=True), {str(name): int(count) for name, count in left.items()}
