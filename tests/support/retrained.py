"""What tests of the retraining do and look at, on a toy of the project."""

import subprocess
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
from PIL import Image

from operations.git import repository
from operations.history import provenance
from operations.registry import champion
from tasks import model_folder

BETTER, WORSE = "skill 0.95", "skill 0.6"
"""Words of the section train in the toy's params.yaml, for its next model."""
WHY_UNCHANGED = "the cleaned dataset is that of the last training"
YES = {"promote": "yes", "why": "the platelets are fine"}
NO = {"promote": "no", "why": "too few platelets"}


def retrained(**parameters: Any) -> Any:
    """What came of it, or its state with `return_state`."""
    from flows.retrain import retrain

    wants_state = parameters.pop("return_state", False)
    state = retrain(**parameters, return_state=True)
    return state if wants_state else state.result()


def ids(root: Path, split: str) -> list[str]:
    rows = pd.read_parquet(root / "data/clean/rows.parquet")
    return list(rows["id"][rows["split"] == split])


def events(api: str) -> int:
    """How many deliveries were announced."""
    wanted = {"filter": {"event": {"name": ["hemaflow.delivery.accepted"]}}}
    return int(httpx.post(f"{api}/events/filter", json=wanted).raise_for_status().json()["total"])


def outcomes(root: Path) -> dict[str, str]:
    return {entry["name"]: entry["outcome"] for entry in provenance.read(root)["stages"]}


def subjects(root: Path) -> list[str]:
    return git(root, "log", "--format=%s").splitlines()


def page(key: str) -> str:
    """The latest artifact of that key."""
    from prefect.artifacts import Artifact

    found = Artifact.get(key)
    assert found is not None
    return str(found.data)


def images(folder: Path, number: int = 40, seed: int = 0) -> Path:
    """Class folders of noise; fewer of the same seed are copies."""
    draw = np.random.default_rng(seed)
    for k in range(number):
        file = folder / ("ig", "platelet")[k % 2] / f"{k}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(file)
    return folder


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def check_second_champion(root: Path) -> None:
    """Everything once, and nothing left lying."""
    assert [line.partition(":")[0] for line in subjects(root)] == [
        "Promote champion/2", "Take in second", "Promote champion/1", "Toy",
    ]  # fmt: skip
    assert repository.tags(root, "champion/*") == ["champion/1", "champion/2"]
    now = champion.current(root)
    assert now is not None
    assert (now.tag, now.replaced) == ("champion/2", "champion/1")
    assert now.model == model_folder.digest(root / "data/model") == model_folder.digest(root / now.folder)
    assert (root / now.folder / "model.weights.h5").read_text() == BETTER.split()[1]
    assert repository.changed(root) == ["params.yaml"]
    assert list((root / "data/.state/candidates").glob("*")) == []
