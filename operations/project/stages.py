"""Names of the stages, which are the keys of dvc.yaml and the names of the flow's tasks."""

from typing import Literal, get_args

Target = Literal[
    "demo", "ingest", "embed", "dedupe", "outliers", "split", "report",
    "train", "calibrate", "evaluate", "explain", "card",
]  # fmt: skip
STAGES: tuple[str, ...] = get_args(Target)
"""In the order in which they run."""
