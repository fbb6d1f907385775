"""outliers: drop what is no image, and outliers among the images that are left, by its features."""

from pathlib import Path

import numpy as np
import pandas as pd

from tasks import command, store
from tasks.features import principal
from tasks.outliers import checks, small
from tasks.outliers.detector import Detection, detect
from tasks.outliers.reference import Reference
from tasks.outliers.settings import Outliers


def main(outliers: Outliers, deduped: Path, embedded: Path, out: Path) -> None:
    """Write the table with outliers dropped and a column `outlier_score`, NaN for unreadable files alone."""
    rows = store.read_rows(deduped)
    result = checks.checked(rows, outliers)
    nodes = _distinct(result)
    found = _detected(outliers, nodes, store.features(embedded, rows))
    score = result["id"].map(pd.Series(found.scores, index=nodes["id"]))
    result = checks.outliers(result.assign(outlier_score=score.where(_readable(result))), found.limit)
    store.check_same_rows(rows, result)
    store.write_rows(out, result)


def _distinct(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each readable image, kept if any of its copies is; in an order that is not that of the files."""
    readable = rows[_readable(rows)].sort_values(["id", "kept"], ascending=[True, False])
    return readable.drop_duplicates("id")


def _readable(rows: pd.DataFrame) -> pd.Series:
    return ~rows["drop_reason"].isin(store.NO_PIXELS)


def _detected(outliers: Outliers, nodes: pd.DataFrame, features: store.Arrays) -> Detection:
    places, bulk = features.places(nodes), nodes["kept"].to_numpy()
    points = principal(features, places, outliers.components, outliers.whitening)
    if not 0 < bulk.sum() < small.SMALL:
        return detect(points, bulk, outliers.neighbours, outliers.false_alarm)
    reference = Reference.load()
    given = features.take(places)
    if given.shape[1] != len(reference.weights):  # of another network, of which there is no reference
        return small.detect(points, np.zeros(len(bulk)), bulk, outliers.neighbours, outliers.false_alarm)
    strangeness = reference.strangeness(reference.ratio(given), nodes["delivery"].to_numpy(str), bulk)
    return small.detect(points, strangeness, bulk, outliers.neighbours, outliers.false_alarm)


if __name__ == "__main__":
    command.run(main, Outliers)
