"""Pixels and tables: the one reader and writer of both.

A delivery is stored once, as arrays with a row per file that came (`data/ingested/NAME/pixels.npy`, memory-mapped),
and every stage after that reads a table and writes a table (`rows.parquet`) with the same rows in it.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

TABLE = "rows.parquet"
PIXELS = "pixels.npy"
VIEWS = "views.npy"
HASHES = "hashes.npy"
FEATURES = "features.npy"
READING = "reading.json"

ORIENTATIONS = tuple(f"{flip}{angle}" for flip in ("", "mirrored, ") for angle in ("0°", "90°", "180°", "270°"))
"""What `turned` does, by code: a mirroring left to right or none, then quarter turns anticlockwise."""

VIEW_NAMES = ("whole", "centre", "fitted")
"""The grey views of an image, by position: as it came, its middle, and as it is stored in pixels.npy."""
VIEW_SIDE = 32
"""Their side in pixels; proportions are not kept."""

UNREADABLE = "unreadable"
"""The reason of a file that cannot be decoded."""
TRANSPARENT = "transparent"
"""The reason of an image that is transparent everywhere, with nothing below."""
NO_PIXELS = (UNREADABLE, TRANSPARENT)
"""Reasons of files that have no pixels: theirs are zeros, and their id is that of the file's bytes."""
UNLISTED_CLASS = "unlisted-class"
"""The reason of an image whose delivery names a class that params.yaml does not have."""

KEY = ["delivery", "source"]
COLUMNS = {
    "delivery": "str",  # name of the delivery; with `source` the key
    "source": "str",  # path inside the delivery, or `file.npz#row`
    "id": "str",  # hash of the decoded pixels before crop and resize; of the file's bytes if it has none
    "label": "str",  # class, "" where the delivery gives none
    "row": "int64",  # position in the delivery's arrays
    "split_group": "str",  # split group: id of the earliest of all images that confirmed copies connect with this one
    "kept": "bool",
    "dropped_by": "str",  # the stage that dropped it, "" while kept
    "drop_reason": "str",  # why it was dropped, "" while kept
    "drop_value": "float64",  # by what figure: RMSE for copies, robust z for outliers; NaN where there is none
    "duplicate_of": "str",  # `delivery/source` of the row that it was dropped for, "" where there is none
}


class Reading(NamedTuple):
    """How a delivery was read: for a person, and for the page that shows it."""

    depth: str = ""  # `12-bit in 16-bit, scaled by 1/16`, "" where it has no more than 8 bits
    own_crop: bool = False  # whether the crop is the delivery's own, and not ingest.crop
    scale: float | None = None  # pixels per micrometre, where they were told
    left_out: int = 0  # files of the system that were left out when it was added


def write_reading(folder: Path, reading: Reading) -> None:
    """Write it into the folder of an ingested delivery."""
    (folder / READING).write_text(json.dumps(reading._asdict()) + "\n")


def read_reading(folder: Path) -> Reading:
    """What `write_reading` wrote."""
    return Reading(**json.loads((folder / READING).read_text()))


def read_rows(folder: Path) -> pd.DataFrame:
    """The table that a stage wrote into `folder`; rows that were dropped are in it too."""
    return pd.read_parquet(folder / TABLE)


def write_rows(folder: Path, rows: pd.DataFrame) -> None:
    """Write `rows` into `folder`. Raises ValueError where they break the contract that all tables keep."""
    check_rows(rows)
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows[[*COLUMNS, *(name for name in rows if name not in COLUMNS)]]
    rows.reset_index(drop=True).to_parquet(folder / TABLE, index=False)


def check_rows(rows: pd.DataFrame) -> None:
    """Columns as in COLUMNS, keys unique, and a reason with each dropped row and with no other."""
    missing = [name for name in COLUMNS if name not in rows]
    if missing:
        raise ValueError(f"table lacks the columns {', '.join(missing)}")
    doubles = rows[rows.duplicated(KEY)]
    if len(doubles):
        raise ValueError(f"table has the key {'/'.join(doubles.iloc[0][KEY])} more than once")
    wrong = rows[(rows["kept"] != (rows["drop_reason"] == "")) | (rows["kept"] != (rows["dropped_by"] == ""))]
    if len(wrong):
        raise ValueError(
            f"row {'/'.join(wrong.iloc[0][KEY])}: a dropped row needs a stage and a reason, a kept one none"
        )


def check_same_rows(before: pd.DataFrame, after: pd.DataFrame) -> None:
    """Nothing vanishes: the keys that came in go out, each once. Raises ValueError with one that does not."""
    lost = set(map(tuple, before[KEY].to_numpy())) ^ set(map(tuple, after[KEY].to_numpy()))
    if lost or len(before) != len(after):
        raise ValueError(f"{len(before)} rows came in and {len(after)} went out; not in both: {sorted(lost)[:3]}")


def read_listed(folder: Path, listing: Path) -> pd.DataFrame:
    """The tables of all deliveries on the list, in the list's order, below one another.

    A folder that is not on the list is an error: DVC hashes it together with the listed ones, so what it holds would
    count as an input without being read.
    """
    names = listed(listing)
    strangers = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name not in names)
    if strangers:
        raise ValueError(f"{folder / strangers[0]} is no delivery of {listing}: remove the folder, or add it again")
    if not names:
        raise ValueError(f"{listing} lists no delivery, expected at least one")
    return pd.concat([read_rows(folder / name) for name in names], ignore_index=True)


def listed(listing: Path) -> list[str]:
    """Names of the deliveries in the order in which they came."""
    return list(yaml.safe_load(listing.read_text())["deliveries"])


class Arrays:
    """Rows of the deliveries' arrays, by delivery and position, read through memory maps.

    `folder` holds a folder per delivery, each with an array `name` of shape (rows, ...) and one dtype for all.
    """

    def __init__(self, folder: Path, name: str, deliveries: Sequence[str]):
        self._shards = [np.load(folder / delivery / name, mmap_mode="r") for delivery in deliveries]
        self._codes = {delivery: code for code, delivery in enumerate(deliveries)}
        if not self._shards:
            raise ValueError(f"no delivery to read from {folder}")
        kinds = {(shard.dtype, shard.shape[1:]) for shard in self._shards}
        if len(kinds) > 1:
            raise ValueError(
                f"the deliveries below {folder} differ in dtype or shape of {name}: {sorted(map(str, kinds))}"
            )
        self.dtype, self.shape = self._shards[0].dtype, self._shards[0].shape[1:]

    def places(self, rows: pd.DataFrame) -> NDArray[np.int64]:
        """Where `rows` lie, int64 (n, 2): the delivery's code and the position in its array."""
        return np.stack([rows["delivery"].map(self._codes).to_numpy(np.int64), rows["row"].to_numpy(np.int64)], axis=1)

    def take(self, places: NDArray[np.int64]) -> NDArray[Any]:
        """The entries at `places`, in that order, shape (n, ...)."""
        out = np.empty((len(places), *self.shape), self.dtype)
        for code in np.unique(places[:, 0]):
            here = places[:, 0] == code
            out[here] = self._shards[code][places[here, 1]]
        return out

    def batches(self, rows: pd.DataFrame, batch: int) -> Iterator[NDArray[Any]]:
        """The entries of `rows` in their order, at most `batch` at a time."""
        places = self.places(rows)
        for start in range(0, len(places), batch):
            yield self.take(places[start : start + batch])


def turned(images: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Images, (n, height, width, ...), in the orientation of that code, 0 to 7; 0 leaves them as they are."""
    flipped = images[:, :, ::-1] if orientation >= 4 else images
    return np.rot90(flipped, orientation % 4, axes=(1, 2))


def pixels(ingested: Path, rows: pd.DataFrame) -> Arrays:
    """Images of the deliveries in `rows`, uint8 (n, side, side, 3), RGB."""
    return Arrays(ingested, PIXELS, list(rows["delivery"].unique()))


def views(ingested: Path, rows: pd.DataFrame) -> Arrays:
    """Grey views of the deliveries in `rows`, uint8 (n, views, VIEW_SIDE, VIEW_SIDE)."""
    return Arrays(ingested, VIEWS, list(rows["delivery"].unique()))


def hashes(ingested: Path, rows: pd.DataFrame) -> Arrays:
    """Packed perceptual hashes of the views of the deliveries in `rows`, uint8 (n, views, 8, bytes), an orientation
    each."""
    return Arrays(ingested, HASHES, list(rows["delivery"].unique()))


def features(embedded: Path, rows: pd.DataFrame) -> Arrays:
    """Embeddings of the deliveries in `rows`, float32 (n, dimensions)."""
    return Arrays(embedded, FEATURES, list(rows["delivery"].unique()))
