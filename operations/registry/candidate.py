"""A model that may become the champion: a folder with all that belongs to it, which later deliveries leave alone."""

import json
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from operations.process import lock
from tasks import model_folder
from tasks.model_folder import DESCRIPTION

MODEL, SCORES = Path("data/model"), Path("data/evaluation/scores")
FOLDER = Path("data/.state/candidates")
EVALUATION, DECISION, PROVENANCE, ABOUT = (
    "evaluation", "decision.json", "provenance.json", "champion.json",
)  # fmt: skip


def assemble(root: Path, decision: Mapping[str, Any], run: Path | None) -> Path:
    """Copy the model, its scores, the gate's decision and the run's record into a folder of their own, which it gives.

    Waits for the project's lock. Raises FileNotFoundError where one is missing, ValueError for a damaged model.
    """
    with lock.held(root, "assemble a candidate"):
        digest = check_model(root / MODEL)
        if not (root / SCORES).is_dir():
            raise FileNotFoundError(f"no evaluation in {SCORES}: run `make repro`")
        name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(3)}"
        building = _cleared(root) / f".{name}"
        # Contents alone: the files may be links into DVC's cache, which nobody may write to.
        shutil.copytree(root / MODEL, building, copy_function=shutil.copyfile)
        shutil.copytree(root / SCORES, building / EVALUATION, copy_function=shutil.copyfile)
        write(building / DECISION, dict(decision))
        if run is not None:
            shutil.copyfile(run, building / PROVENANCE)
        write(building / ABOUT, {"run": run.stem if run else None, "model": digest})
        return building.rename(root / FOLDER / name)


def discard(candidate: Path) -> None:
    """Remove a candidate that is wanted no longer."""
    shutil.rmtree(candidate, ignore_errors=True)


def about(candidate: Path) -> dict[str, Any]:
    """The id of its run, None without one, and its model's digest. Raises ValueError for a folder that is none."""
    try:
        facts = json.loads((candidate / ABOUT).read_bytes())
        return {"run": facts["run"], "model": facts["model"]}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{candidate} is no candidate, expected a folder that `assemble` made: {error}") from error


def check_model(folder: Path) -> str:
    """The digest of the model in `folder`, whose files are as it says. Loads no TensorFlow."""
    document = model_folder.described(folder)
    if "digest" not in document:
        raise ValueError(f"{folder / DESCRIPTION}: expected the description of a model with its digest")
    model_folder.check_files(folder, document)
    return str(document["digest"])


def write(file: Path, document: Mapping[str, Any]) -> None:
    """Write JSON."""
    file.write_text(json.dumps(document, indent=1) + "\n")


def _cleared(root: Path) -> Path:
    """The candidates' folder, without what killed processes left half made."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for unfinished in folder.glob(".*"):
        discard(unfinished)
    return folder
