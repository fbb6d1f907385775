"""embed: features of every image of a delivery, in the order of its rows."""

from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from tasks import command, store
from tasks.embed.settings import Embed
from tasks.lite0_layout import FEATURES
from tasks.lite0_onnx import Embedder


def main(embed: Embed, ingested: Path, weights: Path, out: Path) -> None:
    """Write features.npy, float32 (rows, 1280): ImageNet features after global average pooling.

    Identical images go through the network once. Files without pixels have zeros.
    """
    pixels = np.load(ingested / store.PIXELS, mmap_mode="r")
    rows = store.read_rows(ingested)
    embedder = Embedder(weights)
    out.mkdir(parents=True)
    shape = (len(pixels), FEATURES)
    features = np.lib.format.open_memmap(out / store.FEATURES, mode="w+", dtype=np.float32, shape=shape)
    first = _first(rows)
    batches = _batches(first, embed.batch)
    for places in tqdm(batches, desc="embed", unit="batch", disable=None):
        features[places] = embedder(pixels[places])
    row = rows.loc[first.index, "row"]
    features[row[row != first]] = features[first[row != first]]
    features.flush()
    print(f"{ingested.name}: {sum(map(len, batches))} images embedded, of {len(rows)} files")


def _first(rows: pd.DataFrame) -> pd.Series:
    """For each readable row the position of the first that has its id."""
    readable = rows[~rows["drop_reason"].isin(store.NO_PIXELS)]
    return readable.groupby("id")["row"].transform("min")


def _batches(first: pd.Series, batch: int) -> list[np.ndarray]:
    once = np.sort(first.unique())
    return [once[start : start + batch] for start in range(0, len(once), batch)]


if __name__ == "__main__":
    command.run(main, Embed)
