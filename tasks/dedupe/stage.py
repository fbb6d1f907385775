"""dedupe: of images that came more than once, keep one; of copies under different labels, do as the policy says."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import command, store
from tasks.dedupe import copies, held, join, near, overrules, pairs, recropped
from tasks.dedupe.settings import Dedupe
from tasks.features import chunks

FITTED = store.VIEW_NAMES.index("fitted")


def main(dedupe: Dedupe, listing: Path, review: Path, ingested: Path, embedded: Path, out: Path) -> None:
    """Write the table with copies dropped and `review_decision`, and pairs.parquet: every confirmed pair, by id."""
    rows = store.read_listed(ingested, listing)
    nodes = copies.distinct(copies.ranked(rows))  # before anybody's decision: what a person drops still ties others
    waiting = held.names(listing)
    rows = overrules.applied(rows, overrules.read(review), store.listed(listing), waiting)
    rows = held.dropped(rows, waiting)
    found = _pairs(dedupe, nodes, ingested, embedded)
    result = copies.judged(rows, nodes, found, dedupe.on_conflict)
    store.check_same_rows(rows, result)
    store.write_rows(out, result)
    copies.by_id(nodes, found).to_parquet(out / "pairs.parquet", index=False)


def _pairs(dedupe: Dedupe, nodes: pd.DataFrame, ingested: Path, embedded: Path) -> pd.DataFrame:
    """Confirmed copies among `nodes`, by position."""
    if nodes.empty:
        return pairs.table(first=[], second=[])
    views = store.views(ingested, nodes)
    places = views.places(nodes)
    bits = store.hashes(ingested, nodes).take(places)
    found = pairs.merged(*_near(dedupe, bits, views, places))
    if dedupe.neighbours:
        found = pairs.merged(found, _recropped(dedupe, nodes, bits[:, FITTED, 0], ingested, embedded))
    return found


def _near(
    dedupe: Dedupe, bits: NDArray[np.uint8], views: store.Arrays, places: NDArray[np.int64]
) -> Iterator[pd.DataFrame]:
    """Near copies by each view; where it has no contrast it has nothing to match.

    Where nothing was cropped, the fitted view repeats the whole one.
    """
    contrast = np.concatenate([views.take(part).std(axis=(2, 3)) for part in chunks(places)])
    hashed = bits if dedupe.orientations else bits[:, :, :1]
    for view in range(bits.shape[1]):
        if view and (bits[:, view] == bits[:, 0]).all():
            continue
        telling = np.flatnonzero(contrast[:, view] >= dedupe.min_contrast)
        matches = join.close(hashed[telling, view], dedupe.max_distance)
        take = partial(_taken, views, places[telling], view=view)
        yield _at(telling, near.confirmed(matches, take, dedupe.max_rmse))


def _recropped(
    dedupe: Dedupe, nodes: pd.DataFrame, bits: NDArray[np.uint8], ingested: Path, embedded: Path
) -> pd.DataFrame:
    """Copies cropped anew; `bits` are the hashes of the stored images, (n, bytes). Flat images are left out."""
    telling = np.flatnonzero(nodes["contrast"] >= dedupe.min_contrast)
    pixels = store.pixels(ingested, nodes)
    places = pixels.places(nodes.iloc[telling])
    candidates = recropped.neighbours(store.features(embedded, nodes), places, dedupe.neighbours)
    take = partial(_taken, pixels, places)
    found = _at(telling, recropped.confirmed(candidates, take, dedupe.max_shift, dedupe.max_recropped_rmse))
    differ = np.bitwise_count(bits[found["first"]] ^ bits[found["second"]])
    return found.assign(distance=differ.sum(axis=1, dtype=np.int64))


def _taken(
    arrays: store.Arrays, places: NDArray[np.int64], positions: NDArray[np.int64], view: int | None = None
) -> NDArray[np.uint8]:
    found = arrays.take(places[positions])
    return found if view is None else found[:, view]


def _at(positions: NDArray[np.int64], found: pd.DataFrame) -> pd.DataFrame:
    """Pairs among some of the nodes as pairs among all of them."""
    return found.assign(first=positions[found["first"]], second=positions[found["second"]])


if __name__ == "__main__":
    command.run(main, Dedupe)
