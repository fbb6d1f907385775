"""What page and model card are made from, read once."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tasks import model_folder, store
from tasks.model_report import evaluation
from tasks.model_report.evaluation import Evaluation

FACTS = ("classes", "image_size", "crop", "provenance", "calibration")
"""Of the model's description, which this stage reads without Keras; the rest is the network, and digests."""


@dataclass(frozen=True)
class Examples:
    """What explain wrote: answers to look at, wrong ones with the most confident first, label issues and suspects.

    `label_issues` is the table of all of them, `label_issue_facts` how they were found and how many; `suspects` and
    `suspect_facts` are those of kept images that the model refuses. `folder` holds the images.
    """

    wrong: list[dict[str, Any]]
    right: list[dict[str, Any]]
    label_issues: pd.DataFrame
    label_issue_facts: dict[str, Any]
    suspects: pd.DataFrame
    suspect_facts: dict[str, Any]
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
    facts = [json.loads((folder / f"{name}.json").read_text()) for name in ("label_issues", "suspects")]
    tables = [evaluation.read_csv(folder / f"{name}.csv") for name in ("label_issues", "suspects")]
    return Examples(answers["wrong"], answers["right"], tables[0], facts[0], tables[1], facts[1], folder)
