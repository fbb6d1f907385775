"""All that is measured of new deliveries, from the tables and arrays of the pipeline."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from tasks import splits, store
from tasks.drift import colour, embeddings, news, shares
from tasks.drift.drift import Difference, Drift, Shift
from tasks.drift.evidence import too_few
from tasks.drift.sample import sample

WANTED = ["delivery", "row", "label", "kept", "drop_reason", "duplicate_of", "split"]
"""Columns that are read; the others would only take memory."""


class _Looks(NamedTuple):
    colour: Shift
    colours: tuple[Difference, ...]
    embeddings: Shift


def measure(clean: Path, ingested: Path, embedded: Path, names: Sequence[str], seed: int = 0) -> Drift:
    """Compare the kept images of the deliveries `names` with the kept training images of all others.

    `clean` holds split's table, `ingested` and `embedded` a folder of arrays per delivery. The same data and seed give
    the same result. Raises ValueError for a delivery that the table does not have.
    """
    rows = pd.read_parquet(clean / store.TABLE, columns=WANTED)
    names = _known(rows, names)
    fresh = rows["delivery"].isin(names)
    new = rows[fresh & rows["kept"]]
    training = splits.kept(rows[~fresh], "train")
    found = shares.shares(new, training)
    looks = _looks(new, training, ingested, embedded, np.random.default_rng([seed, 1]))
    return Drift(
        names=names,
        news=news.news(rows, names),
        displaced=news.displaced(rows, names),
        shares=found,
        class_shares=shares.measured(found, np.random.default_rng([seed, 0])),
        colour=looks.colour,
        colours=looks.colours,
        embeddings=looks.embeddings,
    )


def _known(rows: pd.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    came = list(rows["delivery"].unique())
    unknown = [name for name in names if name not in came]
    if unknown or not names:
        raise ValueError(f"expected deliveries among {', '.join(map(str, came))}, got {', '.join(unknown) or 'none'}")
    return tuple(dict.fromkeys(names))


def _looks(
    new: pd.DataFrame, training: pd.DataFrame, ingested: Path, embedded: Path, rng: np.random.Generator
) -> _Looks:
    """What is compared in the classes that both have."""
    lacking = too_few(len(new), len(training))
    if not lacking:
        both = set(new["label"]) & set(training["label"])
        new, training = (side[side["label"].isin(both)] for side in (new, training))
        lacking = too_few(len(new), len(training), " of classes that both have")
    if lacking:
        return _Looks(lacking, (), lacking)
    drawn = sample(new, training, rng)
    shift, differences = colour.measured(drawn, store.pixels(ingested, drawn.rows))
    return _Looks(shift, differences, embeddings.measured(drawn, store.features(embedded, drawn.rows)))
