"""The trials of the studies as files: which there are, what came of them, and the tables that compare them."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from operations.pipeline import plan
from tasks import params

FILE = Path("studies/dvc.yaml")
PARAMS = Path("studies/params.yaml")
RESULTS = Path("studies/results")
TABLES = Path("studies/tables")
RECORDS = Path("data/runs")


def known(root: Path, study: str, trials: Sequence[str] = ()) -> list[str]:
    """Those of `trials`, or all, that the study has, in its order.

    Raises ValueError for a study or a trial that is not in studies/dvc.yaml.
    """
    stages = _stages(root)
    if study not in stages:
        raise ValueError(f"no study {study!r}, expected one of {', '.join(stages)}")
    there = stages[study]["matrix"]["trial"]
    unknown = [trial for trial in trials if trial not in there]
    if unknown:
        raise ValueError(f"no trial {unknown[0]!r} in {study}, expected one of {', '.join(there)}")
    return [trial for trial in there if trial in trials or not trials]


def check_data(root: Path, study: str) -> None:
    """Raise ValueError where data that the trials are trained on is not there: `--single-item` runs no stage above."""
    absent = [dep for dep in _stages(root)[study]["deps"] if not (root / dep).exists()]
    if absent:
        raise ValueError(f"{absent[0]} is not there: `make repro` or `hemaflow pipeline --target split` comes first")


def address(study: str, trial: str) -> str:
    """The name by which DVC knows a trial, from the project's folder."""
    return f"{FILE}:{study}@{trial}"


def write_tables(root: Path, study: str) -> str:
    """Write the study's table as Markdown and CSV and its image, and return the Markdown.

    A result that is not up to date counts as none, and so does a record that is of another result.
    """
    from tasks.study import plot, table

    trials, steps, title = known(root, study), study in table.STEPS, f"Study {study}"
    results, records = _found(root, study, trials)
    report = params.read(root / PARAMS, checked=False)["report"].get(study, {})
    found = table.table(trials, results, records, report, steps)
    (root / TABLES).mkdir(parents=True, exist_ok=True)
    text, file = table.markdown(title, found), root / TABLES / study
    file.with_suffix(".md").write_text(text)
    file.with_suffix(".csv").write_text(table.csv(found))
    plot.draw(found, title, steps, file.with_suffix(".png"))
    return text


def gpus() -> list[str]:
    """GPUs that a stage would see, as CUDA_VISIBLE_DEVICES names them, told without TensorFlow."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return [str(number) for number, _ in enumerate(Path("/dev").glob("nvidia[0-9]*"))]
    return [device.strip() for device in visible.split(",") if device.strip() not in ("", "-1")]


def _stages(root: Path) -> dict[str, Any]:
    if not (root / FILE).is_file():
        raise FileNotFoundError(f"no {FILE} in {root}: there are no studies here")
    stages: dict[str, Any] = yaml.safe_load((root / FILE).read_text())["stages"]
    return stages


def _found(root: Path, study: str, trials: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Results and records by trial, of those trials whose result is up to date."""
    stale = plan.stale_of(root, FILE)
    files = {trial: root / RESULTS / study / f"{trial}.json" for trial in trials if f"{study}@{trial}" not in stale}
    results = {trial: file.read_bytes() for trial, file in files.items()}
    notes = {trial: root / RECORDS / f"study-{study}-{trial}.json" for trial in trials}
    records = {trial: json.loads(notes[trial].read_text()) for trial in results if notes[trial].is_file()}
    own = {trial: hashlib.md5(result).hexdigest() for trial, result in results.items()}
    return (
        {trial: json.loads(result) for trial, result in results.items()},
        {trial: record for trial, record in records.items() if record.get("result") == own[trial]},
    )
