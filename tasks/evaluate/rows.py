"""Which rows a model is judged on: the test rows, and what curation dropped as no cell."""

from pathlib import Path

import pandas as pd

from tasks import reasons, splits, store

NO_CELL = [reason.name for reason in reasons.TABLE.values() if reason.no_cell]


def read(clean: Path, classes: list[str], training_ids: frozenset[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The kept test rows in the order of their ids, and the dropped rows that show no cell.

    Raises ValueError where no test row is left, for a label that the model does not know, and for a test row that the
    model was trained on or chosen by.
    """
    rows = store.read_rows(clean)
    test = splits.kept(rows, "test").sort_values("id", ignore_index=True)
    if test.empty:
        raise ValueError("no picture is left in test, expected at least one")
    strange = sorted(set(test["label"]) - set(classes))
    if strange:
        raise ValueError(f"the model knows no class {strange[0]}, which test rows have; it knows {', '.join(classes)}")
    known = test[test["id"].isin(training_ids)]
    if len(known):
        raise ValueError(
            f"the model has seen {len(known)} of the {len(test)} test rows in training, for one "
            f"{'/'.join(known.iloc[0][store.KEY])}: figures on them would say nothing"
        )
    return test, rows[~rows["kept"] & rows["drop_reason"].isin(NO_CELL)].reset_index(drop=True)
