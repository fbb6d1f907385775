"""Draws what the recipes of augmentation make of some of the project's own training images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tasks import atomic, output, splits, store
from tasks.params import FILE as PARAMS
from tasks.params import Classes, load

PNG = b"\x89PNG\r\n\x1a\n"


def preview(root: Path, out: Path, engine: str, number: int, seed: int) -> str:
    """Write the sheet of `number` images to `out`, a PNG, in the place of an earlier one; says what it shows.

    The images are drawn from the kept ones of train, the classes in turn, in their order in params.yaml; operations
    and cutout are those of `train.augment` there. Raises ValueError or OSError, and then nothing was written: for an
    unknown engine, a number below 1, a path that is no PNG's, and where nothing is cleaned yet.
    """
    _check(out, number)
    rows = _chosen(_train(root), load(Classes, root / PARAMS).names, number, seed)
    arrays = store.pixels(root / "data/ingested", rows)
    from tasks.augment.gallery import sheet
    from tasks.train.settings import Augment

    recipe = replace(load(Augment, root / PARAMS).asked, engine=engine)
    png = sheet(arrays.take(arrays.places(rows)), rows["label"].tolist(), recipe, seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(out) as stream:
        stream.write(png)
    return f"images: {len(rows)} ({', '.join(rows['label'].unique())}), under each recipe, by {engine} -> {out}"


def _check(out: Path, number: int) -> None:
    if number < 1:
        raise ValueError(f"expected at least 1 image, got {number}")
    output.check_name(out, "preview.png")
    output.check_content(out, PNG, "PNG")


def _train(root: Path) -> pd.DataFrame:
    """The rows of train that are kept."""
    clean = root / "data/clean"
    if not (clean / store.TABLE).is_file():
        raise FileNotFoundError("no table below data/clean yet: run `make repro`")
    rows = store.read_rows(clean)
    rows = splits.kept(rows, "train")
    if rows.empty:
        raise ValueError("no image in train is kept: there is nothing to show")
    return rows


def _chosen(rows: pd.DataFrame, names: list[str], number: int, seed: int) -> pd.DataFrame:
    """At most `number` rows: one of each class in turn, as long as it has any, each class in an order drawn by seed."""
    drawn = rows.iloc[np.random.default_rng(seed).permutation(len(rows))]
    turn, place = drawn.groupby("label").cumcount(), drawn["label"].map(names.index)
    order = np.lexsort([place, turn])[:number]
    return (
        drawn.iloc[order].assign(_place=place.iloc[order]).sort_values("_place", kind="stable").drop(columns="_place")
    )
