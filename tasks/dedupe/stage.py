"""dedupe: of pictures that came more than once, keep one; of copies under different labels, do as the policy says."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import command, store
from tasks.dedupe import copies, near
from tasks.dedupe.settings import Dedupe


def main(dedupe: Dedupe, listing: Path, ingested: Path, out: Path) -> None:
    """Write the table with copies dropped, and pairs.parquet: every confirmed pair, by id."""
    rows = store.read_listed(ingested, listing)
    nodes = copies.distinct(copies.ranked(rows))
    pairs = _near_copies(dedupe, nodes, store.pixels(ingested, rows))
    result = copies.judged(rows, nodes, pairs, dedupe.on_conflict)
    store.check_same_rows(rows, result)
    store.write_rows(out, result)
    copies.pair_table(nodes, pairs).to_parquet(out / "pairs.parquet", index=False)


def _near_copies(dedupe: Dedupe, nodes: pd.DataFrame, pixels: store.Arrays) -> near.Pairs:
    telling = np.flatnonzero(nodes["contrast"] >= dedupe.min_contrast)
    found = near.close_hashes(copies.packed(nodes.iloc[telling]), dedupe.max_distance)
    candidates = near.Pairs(telling[found.first], telling[found.second], found.measure)
    places = pixels.places(nodes)

    def take(positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        return pixels.take(places[positions])

    return near.confirmed(candidates, take, dedupe.max_rmse)


if __name__ == "__main__":
    command.run(main, Dedupe)
