"""Classes of params.yaml that all deliveries together have no image of, or too few."""

from collections import Counter
from pathlib import Path

import pandas as pd

from operations.deliveries import waiting
from operations.project import dvc_file, listing
from tasks import scarce, store
from tasks.params import FILE as PARAMS
from tasks.params import Classes, load


def told(root: Path) -> str:
    """A line for each such class or kind of it, ready to be printed; empty where there is none.

    Listed deliveries count and those that wait, with the images as they came. Empty too where a delivery's classes are
    not known yet: one that is drawn here and was not ingested.
    """
    classes, total = load(Classes, root / PARAMS), Counter[str]()
    waits = [name for name in waiting.names(root) if not waiting.is_external(root, name)]
    for name in dict.fromkeys([*listing.names(root), *waits]):
        counts = _counts(root, name)
        if counts is None:
            return ""
        for label, count in counts.items():
            total[classes.canonical(label) or label] += count
    return "\n".join(f"note: {line}" for line in scarce.told(total, classes.names))


def _counts(root: Path, name: str) -> dict[str, int] | None:
    """Images by class as noted when the delivery came, else as ingest read them."""
    if name in waiting.names(root):
        return waiting.read(root, name).classes
    noted = dvc_file.read(root, name).get("meta", {}).get("classes")
    if noted is not None:
        return {str(label): int(count) for label, count in noted.items()}
    table = root / "data/ingested" / name / store.TABLE
    return Counter(pd.read_parquet(table, columns=["label"])["label"]) if table.exists() else None
