"""Which run made a model: by its own record, a champion has one beside it, or by the records in data/runs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.history import provenance
from operations.registry.candidate import check_model
from tasks import model_folder

Entry = Mapping[str, Any]
"""Of a stage in a record."""
BEST_FIRST = ("ran", "restored", "unchanged")
"""Outcomes of a stage, whoever made it before whoever found it made."""


@dataclass(frozen=True)
class Model:
    """A model as its files tell: `about` is its champion.json, `run` its provenance.json, {} where it has none."""

    digest: str
    description: Mapping[str, Any]
    ids: frozenset[str]
    about: Mapping[str, Any]
    run: Mapping[str, Any]

    @property
    def facts(self) -> Mapping[str, Any]:
        """Its provenance: settings, deliveries, rows, digests of dataset and weights."""
        return self.description.get("provenance") or {}


def read(folder: Path) -> Model:
    """The model in a folder, found to be whole, without TensorFlow. Raises FileNotFoundError or ValueError."""
    digest = check_model(folder)
    run = folder / "provenance.json"
    ids = model_folder.training_ids(folder) if (folder / model_folder.TRAINING_IDS).is_file() else frozenset()
    made = provenance.load(run) if run.is_file() else {}
    return Model(digest, model_folder.described(folder), ids, _json(folder / "champion.json"), made)


def maker(root: Path, model: Model) -> dict[str, Any] | None:
    """The record of the run that made it; of two copies the one in data/runs, for the other is from before its end."""
    if not model.run:
        return made_by(root, model.digest)
    try:
        return provenance.read(root, model.run["id"])
    except ValueError:
        return dict(model.run)


def made_by(root: Path, digest: str) -> dict[str, Any] | None:
    """The record in data/runs of the run that made the model with that digest, None where none is on record."""
    return _first(root, digest, lambda entry: entry.get("model") == digest)


def trainer(root: Path, made: Mapping[str, Any]) -> dict[str, Any] | None:
    """The record of the run that trained the network of that run's model, if it was another."""
    network = next((_md5(entry) for entry in made["stages"] if entry["name"] == "train"), "")
    found = network and _first(root, network, lambda entry: entry["name"] == "train" and _md5(entry) == network)
    return found if found and found["id"] != made["id"] else None


def _first(root: Path, word: str, wanted: Callable[[Entry], bool]) -> dict[str, Any] | None:
    """The first of the records with such a stage, by BEST_FIRST; only those that hold the word are parsed."""
    files = [root / provenance.FOLDER / f"{run}.json" for run in provenance.runs(root)]
    records = [provenance.load(file) for file in files if word in file.read_text()]
    for outcome in BEST_FIRST:
        for record in records:
            if any(wanted(entry) and entry["outcome"] == outcome for entry in record["stages"]):
                return record
    return None


def _md5(entry: Entry) -> str:
    return str(entry.get("output", {}).get("md5", ""))


def _json(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_bytes())) if file.is_file() else {}
