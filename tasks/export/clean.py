"""The cleaned dataset as one npz, as folders of images, or as TFRecord files."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from tasks import splits, store
from tasks.delivery.folders import written

BATCH = 256
ImageArray = tuple[NDArray[np.uint8], Any]


def export(clean: Path, ingested: Path, out: Path, form: str, classes: Sequence[str]) -> int:
    """Write the kept rows to `out` as `form` (npz, folders or tfrecord) and give their number.

    npz: `images` uint8 (n, side, side, 3), `labels` (n, 1) indexing `classes`, uint8 or as wide as that takes,
    `splits`, `ids`, `classes`.
    folders: `out/SPLIT/CLASS/ID.png`, the class as the name of a folder (`tasks.delivery.folders.written`).
    tfrecord: `out/SPLIT.tfrecord`, each example has `image` (PNG), `label`, `class`, `id`.
    Raises ValueError for an unknown form, FileExistsError where something stands at `out`.
    """
    if form not in FORMS:
        raise ValueError(f"format must be one of {', '.join(FORMS)}, got {form!r}")
    if out.exists():
        raise FileExistsError(f"{out} exists: give a new path, or remove it first")
    rows = store.read_rows(clean)
    kept = rows[rows["kept"]].reset_index(drop=True)
    kept["index"] = splits.indices(kept["label"], classes)
    partial = out.with_name(f"{out.name}.partial")
    FORMS[form](kept, store.pixels(ingested, rows), partial, classes)
    partial.rename(out)
    return len(kept)


def _npz(rows: pd.DataFrame, pixels: store.Arrays, out: Path, classes: Sequence[str]) -> None:
    """Streams the images: the archive may be larger than the memory."""
    out.parent.mkdir(parents=True, exist_ok=True)
    tables = {
        "labels": rows["index"].to_numpy(np.min_scalar_type(max(len(classes) - 1, 0)))[:, None],
        "splits": rows["split"].to_numpy(str),
        "ids": rows["id"].to_numpy(str),
        "classes": np.array(classes, str),
    }
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        with archive.open("images.npy", "w", force_zip64=True) as member:
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(rows), *pixels.shape)}
            np.lib.format.write_array_header_1_0(member, header)
            for batch in pixels.batches(rows, BATCH):
                member.write(batch.tobytes())
        for name, values in tables.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, values, allow_pickle=False)


def _folders(rows: pd.DataFrame, pixels: store.Arrays, out: Path, classes: Sequence[str]) -> None:
    for image, row in _images(rows, pixels):
        file = out / row.split / written(row.label) / f"{row.id}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_png(image))


def _tfrecord(rows: pd.DataFrame, pixels: store.Arrays, out: Path, classes: Sequence[str]) -> None:
    import tensorflow as tf  # here, because the other forms need none

    out.mkdir(parents=True)
    for split, part in rows.groupby("split"):
        with tf.io.TFRecordWriter(str(out / f"{split}.tfrecord")) as writer:
            for image, row in _images(part, pixels):
                writer.write(_example(tf, _png(image), row).SerializeToString())


def _example(tf: Any, png: bytes, row: Any) -> Any:
    texts = {"image": png, "class": row.label.encode(), "id": row.id.encode()}
    features = {key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text])) for key, text in texts.items()}
    features["label"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[row.index]))
    return tf.train.Example(features=tf.train.Features(feature=features))


def _images(rows: pd.DataFrame, pixels: store.Arrays) -> Iterator[ImageArray]:
    records = rows.itertuples(index=False)
    for batch in pixels.batches(rows, BATCH):
        yield from zip(batch, records, strict=False)


def _png(image: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


FORMS: dict[str, Callable[[pd.DataFrame, store.Arrays, Path, Sequence[str]], None]] = {
    "npz": _npz,
    "folders": _folders,
    "tfrecord": _tfrecord,
}
