"""What page and card are made from, read once."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tasks import model_folder, store
from tasks.card import evaluation
from tasks.card.evaluation import Evaluation

FACTS = ("classes", "image_size", "crop", "provenance", "calibration")
"""Of the model's description, which this stage reads without Keras; the rest is the network, and digests."""


@dataclass(frozen=True)
class Examples:
    """What explain wrote: answers to look at, wrong ones with the most confident first, and suspected labels.

    `suspects` is the table of all of them, `suspected` what is said of it; `folder` holds the pictures.
    """

    wrong: list[dict[str, Any]]
    right: list[dict[str, Any]]
    suspects: pd.DataFrame
    suspected: dict[str, Any]
    folder: Path


@dataclass(frozen=True)
class Material:
    """The evaluation, the examples, the model's own description, and the table of all rows that came."""

    evaluation: Evaluation
    examples: Examples
    model: dict[str, Any]
    rows: pd.DataFrame


def read(clean: Path, model: Path, scores: Path, examples: Path) -> Material:
    """All of it. Raises FileNotFoundError for a file that is missing, ValueError for one that is something else."""
    return Material(evaluation.read(scores), _examples(examples), _described(model), store.read_rows(clean))


def _described(model: Path) -> dict[str, Any]:
    description = model_folder.described(model)
    missing = [name for name in FACTS if name not in description]
    if missing:
        raise ValueError(
            f"{model / model_folder.DESCRIPTION}: expected the description of a model, {', '.join(missing)} is missing"
        )
    return description


def _examples(folder: Path) -> Examples:
    answers = json.loads((folder / "examples.json").read_text())
    suspected = json.loads((folder / "suspects.json").read_text())
    suspects = evaluation.read_csv(folder / "suspects.csv")
    return Examples(answers["wrong"], answers["right"], suspects, suspected, folder)
