"""audit: what a model says of every readable image of one delivery. No stage of dvc.yaml: a retraining runs it."""

from pathlib import Path

import pandas as pd

from tasks import command, store
from tasks.selective import selective_classifier

BATCH = 64
TABLE = "predictions.parquet"


def main(ingested: Path, model: Path, out: Path) -> None:
    """Write TABLE: of each row that ingest kept, source and label, and predicted, confidence and why as in a record.

    `ingested` is the folder of one delivery.
    """
    judge = selective_classifier.load(model)
    rows = store.read_rows(ingested)
    rows = rows[rows["kept"]].reset_index(drop=True)
    table = rows[["source", "id", "label"]].assign(predicted="", confidence=0.0, why="")
    if len(rows):
        outputs = judge.over(store.pixels(ingested.parent, rows).batches(rows, BATCH))
        predicted = pd.Series(judge.classes).iloc[outputs.predicted].to_numpy()
        table = table.assign(predicted=predicted, confidence=outputs.confidence, why=outputs.why)
    out.mkdir(parents=True, exist_ok=True)
    table.to_parquet(out / TABLE, index=False)


if __name__ == "__main__":
    command.run(main)
