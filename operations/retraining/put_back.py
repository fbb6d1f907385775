"""Puts the former model back where the deliveries of a refused one went on hold, and training would only repeat it.

DVC's run cache cannot spare that training: `train` reads data/clean and data/ingested, in which the held rows stay. But
the network follows from the kept rows, the settings and the code. Where all these are those of HEAD's dvc.lock, its
entries and their outputs come back, and the checkout is as if the delivery had been held before the training.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dvc.utils.serialize import modify_yaml, parse_yaml_for_update

from operations.git import repository
from operations.pipeline import plan
from operations.pipeline.needed import touch
from operations.process.follow import Logger
from operations.project import dvc_repo
from operations.project.stages import SINGLE
from operations.registry.candidate import MODEL
from operations.retraining import decided
from operations.storage import traffic
from tasks import model_folder

PUT_BACK = SINGLE[SINGLE.index("train") :]


def put_back(root: Path, log: Logger = traffic.LOG) -> list[str]:
    """Bring back what the stages from train on made at HEAD, where they would make the same now; the paths.

    None where they would not, and where it is not all in DVC's cache. Hold the project's lock; the stages from train on
    must be up to date with another dataset, and split with this one.
    """
    former, now = _at_head(root), plan.entries(root)
    if not all(name in former and _rules(former, name) == _rules(now, name) for name in PUT_BACK):
        return []
    if _dataset(root, former) != decided.dataset(root / decided.ROWS):
        return []
    paths = [out["path"] for name in PUT_BACK for out in former[name]["outs"]]
    present = {name: now[name] for name in PUT_BACK}
    try:
        _place(root, former, paths, log)
    except OSError as error:
        log.warning("the former model is not all in DVC's cache, so it is trained again: %s", error)
        _place(root, present, paths, log)
        return []
    return paths


def _at_head(root: Path) -> Mapping[str, Any]:
    text = repository.show(root, "HEAD", plan.LOCK)
    stages = parse_yaml_for_update(text.decode(), str(plan.LOCK)).get("stages") if text else None
    return stages or {}


def _rules(stages: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    """What a stage follows from besides other stages' outputs: command, settings, and hashes of code and weights."""
    entry, made = stages[name], [out["path"] for stage in stages.values() for out in stage.get("outs", ())]
    deps = {dep["path"]: dep["md5"] for dep in entry["deps"] if not any(touch(dep["path"], path) for path in made)}
    return entry["cmd"], entry.get("params"), deps


def _dataset(root: Path, stages: Mapping[str, Any]) -> str | None:
    """Digest of the dataset of the model that the entries name, None where the cache does not have it."""
    folder = next(out["md5"] for stage in stages.values() for out in stage["outs"] if out["path"] == str(MODEL))
    text = dvc_repo.cached(root, folder, model_folder.DESCRIPTION)
    return json.loads(text).get("provenance", {}).get("dataset") if text else None


def _place(root: Path, stages: Mapping[str, Any], paths: list[str], log: Logger) -> None:
    """Have dvc.lock name these entries, in DVC's own spelling, and the folders hold what they name. Raises OSError."""
    with modify_yaml(str(root / plan.LOCK)) as document:
        document["stages"].update({name: stages[name] for name in PUT_BACK})
    traffic.run(root, ["checkout", "--quiet", "--force", *paths], "the cache", 1, log)
