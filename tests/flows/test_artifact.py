import json
from pathlib import Path

import pandas as pd

from flows import artifact
from flows.artifact import Artifact

MADE = [
    Artifact("dedupe", "data/deduped", "0123456789abcdef.dir", 4, "ran"),
    Artifact("split", "data/clean", "fedcba9876543210.dir", None, "unchanged"),
    Artifact("train", "data/model", "aaaa.dir", None, "unchanged"),
]


def test_count_rows(tmp_path: Path) -> None:
    assert artifact.count_rows(tmp_path) is None
    pd.DataFrame({"a": [1, 2, 3]}).to_parquet(tmp_path / "rows.parquet")
    assert artifact.count_rows(tmp_path) == 3


def test_table() -> None:
    assert artifact.table(MADE)[:2] == [
        {"stage": "dedupe", "path": "data/deduped", "hash": "0123456789ab", "rows": 4, "outcome": "ran"},
        {"stage": "split", "path": "data/clean", "hash": "fedcba987654", "rows": "", "outcome": "unchanged"},
    ]


def test_markdown_of_stages_alone(tmp_path: Path) -> None:
    assert artifact.markdown(tmp_path, MADE) == "## Stages\n\n3 stages: 1 ran, 2 unchanged\n"


def test_markdown_with_rows_and_figures(tmp_path: Path) -> None:
    clean, metrics = tmp_path / artifact.CLEAN, tmp_path / artifact.METRICS
    clean.parent.mkdir(parents=True)
    metrics.parent.mkdir(parents=True)
    stages, reasons = ["", "dedupe", "dedupe", "outliers"], ["", "copy", "copy", "far"]
    rows = pd.DataFrame({"kept": [True, False, False, False], "stage": stages, "reason": reasons})
    rows.to_parquet(clean)
    metrics.write_text(json.dumps({"accuracy": 0.98765, "rows": 20, "per_class": {"ig": {"f1": 1.0}}}))
    text = artifact.markdown(tmp_path, MADE)
    assert "4 came in, 1 are kept, 3 are dropped." in text
    assert "| dedupe | copy | 2 |\n| outliers | far | 1 |" in text
    assert "| accuracy | 0.9877 |\n| rows | 20 |" in text
    assert "per_class" not in text


def test_markdown_of_a_run_that_drew_the_page_has_its_counts(tmp_path: Path) -> None:
    entry = {"came": 4, "kept": 1, "dropped": 3, "reasons": {"exact-copy": 3}}
    summary = {"came": 4, "kept": 1, "dropped": 3, "stages": {"dedupe": {"exact-copy": 3}}}
    summary |= {"deliveries": {"d": entry}, "classes": {"ig": entry}, "batches": {"yellow": entry}}
    (tmp_path / artifact.CURATION).mkdir(parents=True)
    (tmp_path / artifact.CURATION / "summary.json").write_text(json.dumps(summary))
    text = artifact.markdown(tmp_path, [*MADE, Artifact("report", "data/curation", "bb.dir", None, "ran")])
    assert "**4 rows came, 1 kept, 3 dropped.**" in text
    assert "| yellow | 4 | 1 | 3 | 3 |" in text
    assert "data/curation/report.html" in text
