"""Which models the gate has decided upon, so that none is trained or judged twice, and none is left out.

A model stands between training and decision until it is noted here, whatever happens to the run that made it. The
notes lie below data/.state: without them a model is judged once more, which changes nothing.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from operations.project import listing
from operations.registry import champion
from operations.registry.candidate import MODEL
from tasks import atomic, model_folder, splits

FILE = Path("data/.state/decided.json")
ROWS = Path("data/clean/rows.parquet")
KEPT = 50


def is_of_these_rows(root: Path) -> bool:
    """Whether the model that was trained last was trained on the cleaned dataset as it is."""
    return bool(_model(root).get("provenance", {}).get("dataset") == dataset(root / ROWS))


def is_decided(root: Path) -> bool:
    """Whether the gate has decided upon the model that was trained last, or it is the champion."""
    model, now = _model(root).get("digest"), champion.current(root)
    return model in _read(root)["models"] or (now is not None and now.model == model)


def note(root: Path, model: str, what: str) -> None:
    """Note what was decided about the model with that digest."""
    known = _read(root)
    models = {**{digest: word for digest, word in known["models"].items() if digest != model}, model: what}
    _write(root, {**known, "models": dict(list(models.items())[-KEPT:])})


def note_deliveries(root: Path, names: Sequence[str]) -> None:
    """Note that a retraining has seen these deliveries through."""
    known = _read(root)
    seen = {*names, *(known["deliveries"] or ())}
    held = listing.held(root)  # once released, they are new again
    _write(root, {**known, "deliveries": [name for name in listing.names(root) if name in seen and name not in held]})


def fresh(root: Path) -> list[str]:
    """Listed deliveries that are not on hold and that no retraining has seen through.

    Without notes, those that the last model has not learnt.

    A delivery of nothing but copies taught the model nothing, so its name alone would not do.
    """
    known = _read(root)["deliveries"]
    if known is None:
        known = _model(root).get("provenance", {}).get("deliveries", [])
    return [name for name in listing.names(root) if name not in known and name not in listing.held(root)]


def dataset(file: Path) -> str:
    """Digest of a table's kept rows as a model's provenance has it: over id, label and split, whatever their order."""
    return splits.digest(pd.read_parquet(file, columns=["id", "label", "split", "kept"]))


def _model(root: Path) -> dict[str, Any]:
    """The description of the model that was trained last, empty without one."""
    here = (root / MODEL / model_folder.DESCRIPTION).is_file()
    return model_folder.described(root / MODEL) if here else {}


def _read(root: Path) -> dict[str, Any]:
    empty: dict[str, Any] = {"models": {}, "deliveries": None}
    try:
        return {**empty, **json.loads((root / FILE).read_text())}
    except (FileNotFoundError, ValueError, TypeError):
        return empty


def _write(root: Path, document: dict[str, Any]) -> None:
    (root / FILE).parent.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(root / FILE) as stream:
        stream.write(json.dumps(document, indent=1).encode())
