"""What a stage made, and how a run is told: the values that tasks hand on, and the summary in Prefect's UI."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

CLEAN = Path("data/clean/rows.parquet")
SCORES = Path("data/evaluation/scores")
METRICS = SCORES / "metrics.json"
PAGE = Path("data/evaluation/model_report.html")
CURATION = Path("data/curation")
HASH_SHOWN = 12


@dataclass(frozen=True)
class Artifact:
    """A stage's first output. `hash` is the one in dvc.lock; `rows` those of its table, None where it has none."""

    stage: str
    path: str
    hash: str
    rows: int | None
    outcome: str

    def row(self) -> dict[str, Any]:
        """A line of the summary's table."""
        return {**asdict(self), "hash": self.hash[:HASH_SHOWN], "rows": "" if self.rows is None else self.rows}


def count_rows(path: Path) -> int | None:
    """Rows of the table in a stage's output, read from its footer; None where there is no table."""
    table = path / "rows.parquet"
    if not table.is_file():
        return None
    from pyarrow.parquet import read_metadata

    return int(read_metadata(table).num_rows)


def table(artifacts: Iterable[Artifact]) -> list[dict[str, Any]]:
    """The stages in the order in which they were wanted, a line each."""
    return [artifact.row() for artifact in artifacts]


def markdown(root: Path, artifacts: Sequence[Artifact], predictions: Path | None = None) -> str:
    """The run in words: what the stages did, how good the model is, which rows were dropped and why.

    `predictions` is where the run's record lies.
    """
    outcomes = Counter(artifact.outcome for artifact in artifacts)
    stages = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    why = (
        f"\n\nWhy each did what it did: `hemaflow explain {predictions.stem}` (`{predictions}`)" if predictions else ""
    )
    parts = [f"## Stages\n\n{len(artifacts)} stages: {stages or 'none'}{why}"]
    if (root / METRICS).is_file():
        parts.append(_evaluation(root))
    if any(artifact.stage == "data_report" for artifact in artifacts) and (root / CURATION).is_dir():
        parts.append(_curation(root / CURATION))
    elif (root / CLEAN).is_file():
        parts.append(_rows(root / CLEAN))
    return "\n\n".join(parts) + "\n"


def _curation(folder: Path) -> str:
    from tasks.data_report.markdown import markdown

    try:
        counts = markdown(json.loads((folder / "summary.json").read_text()))
    except (OSError, ValueError, KeyError) as error:
        return f"## Curation\n\nThe page is not whole: {error}"  # which must not fail the run that tells of it
    return f"## Curation\n\n{counts}\nWith images: `{CURATION / 'data_report.html'}`"


def _rows(file: Path) -> str:
    from pyarrow.parquet import read_table

    columns = read_table(file, columns=["kept", "dropped_by", "drop_reason"]).to_pydict()
    dropped = Counter(
        (stage, reason)
        for kept, stage, reason in zip(columns["kept"], columns["dropped_by"], columns["drop_reason"], strict=True)
        if not kept
    )
    total = len(columns["kept"])
    head = f"## Rows\n\n{total} came in, {total - dropped.total()} are kept, {dropped.total()} are dropped.\n"
    lines = [f"| {stage} | {reason} | {count} |" for (stage, reason), count in dropped.most_common()]
    return "\n".join([head, "| dropped by | reason | rows |", "| --- | --- | ---: |", *lines])


def _evaluation(root: Path) -> str:
    """Verdict and figures; the bare figures where the rest of the evaluation cannot be read, and why.

    A stage that failed halfway is told of by this summary, which must not fail of it.
    """
    from tasks import params
    from tasks.gate.decide import decide
    from tasks.gate.settings import Gate
    from tasks.model_report import evaluation, summary, verdict

    try:
        found = evaluation.read(root / SCORES)
        decision = decide(None, found.predictions, params.load(Gate, root / params.FILE))
        text = summary.markdown(found, verdict.verdict(found, decision))
    except (OSError, ValueError, KeyError) as error:
        return f"{_metrics(json.loads((root / METRICS).read_text()))}\n\nThe evaluation is not whole: {error}"
    return f"## Test rows\n\n{text}\n\nWith images: `{PAGE}`"


def _metrics(metrics: dict[str, Any]) -> str:
    figures = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
    lines = [f"| {name} | {value:.4g} |" for name, value in figures.items()]
    return "\n".join(["## Test rows\n", "| figure | value |", "| --- | ---: |", *lines])
