"""outliers: drop what is foreign among the pictures that are left, by its features."""

from pathlib import Path

import numpy as np

from tasks import command, store
from tasks.outliers import detector
from tasks.outliers.settings import Outliers


def main(outliers: Outliers, deduped: Path, embedded: Path, out: Path) -> None:
    """Write the table with foreign pictures dropped and a column `score` for all that were looked at."""
    rows = store.read_rows(deduped)
    left = rows[rows["kept"]].sort_values("id")  # so that rounding does not depend on the order of the files
    arrays = store.features(embedded, rows)
    score = rows["measure"].mul(np.nan).rename("score")
    score[left.index] = detector.scores(
        arrays.take(arrays.places(left)), outliers.components, outliers.whitening, outliers.neighbours
    )
    foreign = score > outliers.max_z
    result = store.drop(rows, foreign, "outliers", "foreign")
    result = result.assign(score=score, measure=result["measure"].mask(foreign, score))
    store.check_same_rows(rows, result)
    store.write_rows(out, result)


if __name__ == "__main__":
    command.run(main, Outliers)
