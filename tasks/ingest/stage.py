"""ingest: decode every file of a delivery once; a row for each file that came, also for the unreadable."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from tasks import command, store
from tasks.delivery import raw
from tasks.delivery.formats import Row
from tasks.ingest import survey, workers
from tasks.ingest.images import Record, Treatment, ingest_batch
from tasks.ingest.settings import Ingest
from tasks.params import Classes

BATCH = 128
POOL_FROM = 512
"""Images from which starting more processes pays."""


def main(classes: Classes, ingest: Ingest, delivery: Path, out: Path) -> None:
    """Write pixels.npy, uint8 (rows, image_size, image_size, 3), and the table; row i describes image i.

    Of each image's views (`tasks.store.VIEW_NAMES`) also views.npy, uint8 (rows, views, side, side), and hashes.npy,
    uint8 (rows, views, 8, bits / 8): packed, an orientation each, as `tasks.store.turned` numbers them.
    """
    images = raw.rows(delivery, classes)
    if not images:
        raise ValueError(f"{delivery} holds no file, expected at least one image")
    treatment = _treatment(ingest, delivery)
    out.mkdir(parents=True)
    pixels = _array(out / store.PIXELS, len(images), ingest.image_size, ingest.image_size, 3)
    each = len(images), len(store.VIEW_NAMES)
    views = _array(out / store.VIEWS, *each, store.VIEW_SIDE, store.VIEW_SIDE)
    hashes = _array(out / store.HASHES, *each, len(store.ORIENTATIONS), ingest.hash_size**2 // 8)
    records: list[Record] = []
    processes = workers.cores() if len(images) >= POOL_FROM else 1
    batches = workers.ordered(partial(ingest_batch, treatment=treatment), raw.chunks(delivery, BATCH), processes)
    with tqdm(total=len(images), desc=f"ingest {delivery.name}", unit="image", disable=None) as bar:
        for batch in batches:
            here = slice(len(records), len(records) + len(batch.records))
            pixels[here], views[here], hashes[here] = batch.pixels, batch.views, batch.hashes
            records += batch.records
            bar.update(len(batch.records))
    for array in (pixels, views, hashes):
        array.flush()
    table = _table(delivery.name, images, records)
    store.write_rows(out, table)
    print(f"{delivery.name}: {len(table)} files decoded, {table['kept'].sum()} of them images of a class")


def _treatment(ingest: Ingest, delivery: Path) -> Treatment:
    """How this delivery is read. Raises ValueError where its depth cannot be told."""
    try:
        depth = survey.settled(survey.levels(delivery), None)
    except ValueError as error:
        raise ValueError(f"{delivery}: {error}") from error
    return Treatment(ingest.image_size, ingest.hash_size, ingest.crop, depth=depth)


def _array(file: Path, *shape: int) -> "np.memmap[Any, np.dtype[np.uint8]]":
    return np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)


def _table(name: str, images: list[Row], records: list[Record]) -> pd.DataFrame:
    table = pd.DataFrame(records)
    labels = [image.label for image in images]
    reason = table["drop_reason"].where(
        table["drop_reason"] != "", np.where(np.array(labels) == "", store.NO_CLASS, "")
    )
    return table.assign(
        delivery=name,
        source=[image.source for image in images],
        label=labels,
        row=np.arange(len(table)),
        split_group=table["id"],
        kept=reason == "",
        dropped_by=np.where(reason == "", "", "ingest"),
        drop_reason=reason,
        drop_value=np.nan,
        duplicate_of="",
    )


if __name__ == "__main__":
    command.run(main, Classes, Ingest)
