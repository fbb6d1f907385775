"""External deliveries of a project: what they are made of for a test, and how they are read."""

from pathlib import Path

import pandas as pd

from tasks import external_rows, store

NAMES = ["ig", "platelet"]


def listed(folder: Path) -> Path:
    """The list of the deliveries x and y, beside the folder in which these are to lie."""
    (folder / "external").mkdir()
    (folder / "external/.gitignore").write_text("# kept")
    (folder / "external.yaml").write_text("external: [x, y]\n")
    return folder / "external.yaml"


def write(listing: Path, rows: pd.DataFrame, delivery: str = "x") -> None:
    store.write_rows(listing.with_suffix("") / delivery, rows.assign(delivery=delivery))


def read(listing: Path, training_ids: tuple[str, ...] = ()) -> pd.DataFrame:
    return external_rows.read(listing, listing.with_suffix(""), NAMES, frozenset(training_ids))
