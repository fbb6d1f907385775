"""ingest: decode every file of a delivery once; a row for each file that came, also for the unreadable."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from tasks import command, depth, store
from tasks.delivery import raw
from tasks.delivery import record as recorded
from tasks.delivery.formats import Row
from tasks.ingest import survey, workers
from tasks.ingest.images import Record, Treatment, ingest_batch
from tasks.ingest.settings import Ingest
from tasks.params import Classes

BATCH = 128
POOL_FROM = 512
"""Images from which starting more processes pays."""


def main(classes: Classes, ingest: Ingest, delivery: Path, record: Path, out: Path) -> None:
    """Write pixels.npy, uint8 (rows, image_size, image_size, 3), and the table; row i describes image i.

    `record` is what was told of the delivery when it was added. Of each image's views (`tasks.store.VIEW_NAMES`) also
    views.npy, uint8 (rows, views, side, side), and hashes.npy, uint8 (rows, views, 8, bits / 8): packed, an orientation
    each, as `tasks.store.turned` numbers them.
    """
    told = recorded.read(record)
    images = raw.rows(delivery, classes, told.names)
    if not images:
        raise ValueError(f"{delivery} holds no file, expected at least one image")
    _check(record, told, images)
    treatment, reading = _treatment(ingest, delivery, told)
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
    store.write_reading(out, reading)
    named = table["kept"] & (table["label"] != "")
    without = f", {table['kept'].sum() - named.sum()} without" if (table["kept"] & ~named).any() else ""
    print(f"{delivery.name}: {len(table)} files decoded, {named.sum()} of them images of a class{without}")


def _check(record: Path, told: recorded.Record, images: list[Row]) -> None:
    try:
        told.check(image.name for image in images)
    except ValueError as error:
        raise ValueError(f"{record}: {error}") from error


def _treatment(ingest: Ingest, delivery: Path, told: recorded.Record) -> tuple[Treatment, store.Reading]:
    """How this delivery is read, for the computer and for people. Raises ValueError where its depth cannot be told."""
    levels = survey.levels(delivery)
    try:
        crop, own = told.side(ingest.crop, ingest.pixels_per_micrometre)
        bits = survey.settled(levels, told.depth)
    except ValueError as error:
        raise ValueError(f"{delivery}: {error}") from error
    spoken = "" if bits is None else depth.told(bits, levels)
    reading = store.Reading(spoken, own, told.scale, told.left_out)
    return Treatment(ingest.image_size, ingest.hash_size, crop, own, bits), reading


def _array(file: Path, *shape: int) -> "np.memmap[Any, np.dtype[np.uint8]]":
    return np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)


def _table(name: str, images: list[Row], records: list[Record]) -> pd.DataFrame:
    table = pd.DataFrame(records)
    labels = [image.label for image in images]
    reason = table["drop_reason"].where(table["drop_reason"] != "", [_reason(image) for image in images])
    return table.assign(
        delivery=name,
        source=[image.source for image in images],
        label=labels,
        delivered_class=[image.name for image in images],
        given_split=[image.split for image in images],
        row=np.arange(len(table)),
        split_group=table["id"],
        kept=reason == "",
        dropped_by=np.where(reason == "", "", "ingest"),
        drop_reason=reason,
        drop_value=np.nan,
        duplicate_of="",
    )


def _reason(image: Row) -> str:
    """Why an image that can be read is dropped here, "" where it is not."""
    return store.UNLISTED_CLASS if image.name and not image.label else ""


if __name__ == "__main__":
    command.run(main, Classes, Ingest)
