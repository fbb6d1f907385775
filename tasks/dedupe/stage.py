"""dedupe: of pictures that came more than once, keep one; of copies under different labels, do as the policy says."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import command, store
from tasks.dedupe import copies, held, join, near, overrules, pairs, recropped
from tasks.dedupe.settings import Dedupe


def main(dedupe: Dedupe, listing: Path, review: Path, ingested: Path, embedded: Path, out: Path) -> None:
    """Write the table with copies dropped and `review_decision`, and pairs.parquet: every confirmed pair, by id."""
    rows = store.read_listed(ingested, listing)
    nodes = copies.distinct(copies.ranked(rows))  # before anybody's decision: what a person drops still ties others
    waiting = held.names(listing)
    rows = overrules.applied(rows, overrules.read(review), store.listed(listing), waiting)
    rows = held.dropped(rows, waiting)
    arrays = store.pixels(ingested, rows), store.hashes(ingested, rows), store.features(embedded, rows)
    found = _pairs(dedupe, nodes, *arrays)
    result = copies.judged(rows, nodes, found, dedupe.on_conflict)
    store.check_same_rows(rows, result)
    store.write_rows(out, result)
    copies.by_id(nodes, found).to_parquet(out / "pairs.parquet", index=False)


def _pairs(
    dedupe: Dedupe, nodes: pd.DataFrame, pixels: store.Arrays, hashes: store.Arrays, features: store.Arrays
) -> pd.DataFrame:
    """Confirmed copies among `nodes`, by position. What has no contrast has nothing to match."""
    telling = np.flatnonzero(nodes["contrast"] >= dedupe.min_contrast)
    places = pixels.places(nodes.iloc[telling])

    def take(positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        return pixels.take(places[positions])

    bits = hashes.take(places)
    matches = join.close(bits if dedupe.orientations else bits[:, :1], dedupe.max_distance)
    found = near.confirmed(matches, take, dedupe.max_rmse)
    if dedupe.neighbours:
        candidates = recropped.neighbours(features, places, dedupe.neighbours)
        anew = recropped.confirmed(candidates, take, dedupe.max_shift, dedupe.max_recropped_rmse)
        found = pairs.merged(found, anew.assign(distance=_distances(bits[:, 0], anew)))
    return found.assign(first=telling[found["first"]], second=telling[found["second"]])


def _distances(hashes: NDArray[np.uint8], found: pd.DataFrame) -> NDArray[np.int64]:
    return np.bitwise_count(hashes[found["first"]] ^ hashes[found["second"]]).sum(axis=1, dtype=np.int64)


if __name__ == "__main__":
    command.run(main, Dedupe)
