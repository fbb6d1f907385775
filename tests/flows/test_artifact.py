import json
import re
from pathlib import Path

import pandas as pd
import pytest

from flows import artifact
from flows.artifact import Artifact
from tests.tasks.model_report import fabricated

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


def test_markdown_names_the_run_s_record(tmp_path: Path) -> None:
    text = artifact.markdown(tmp_path, MADE, Path("data/runs/20261125T181324.189Z-8f69c3.json"))
    assert "`hemaflow explain 20261125T181324.189Z-8f69c3`" in text
    assert "(`data/runs/20261125T181324.189Z-8f69c3.json`)" in text


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder with an evaluation in it and the settings of the gate; not to be written to."""
    root = tmp_path_factory.mktemp("project")
    fabricated.write(root / "made", count=200)
    (root / artifact.SCORES).parent.mkdir(parents=True)
    (root / "made" / "scores").rename(root / artifact.SCORES)
    (root / artifact.METRICS).write_text(json.dumps({"accuracy": 0.98765, "rows": 200, "ood_auroc": None}))
    (root / "params.yaml").write_text(GATE)
    return root


GATE = """gate:
  {seed: 0, resamples: 200, level: 0.95, min_rows: 20,
   non_inferiority_margins: {clean: 0, corrupted: 0, worst: 0, mixed: 0, recall: 0, slices: 0},
   superiority_margins: {clean: 0, corrupted: 0, mixed: 0},
   minimums: {clean: 0.5, corrupted: 0.5, worst: 0.5, mixed: 0.5, recall: 0.5}}
"""


def test_markdown_with_an_evaluation_begins_with_its_verdict(project: Path) -> None:
    text = artifact.markdown(project, MADE).split("## Test rows\n\n")[1]
    assert text.startswith("**Meets every minimum.** Each of 12 minimums is met.")
    figures = json.loads((project / artifact.SCORES / "figures.json").read_text())
    clean, corrupted = figures["clean"]["accuracy"], figures["corrupted"]["accuracy"]
    both = [
        f"{100 * one['value']:.1f} % ({100 * one['low']:.1f} to {100 * one['high']:.1f})" for one in (clean, corrupted)
    ]
    assert f"| accuracy | {both[0]} | " in text
    assert f" | {both[1]} |" in text
    assert "| clean | 97.0 % | 98.5 % | 0.8 % |" in text
    corruptions = pd.read_csv(project / artifact.SCORES / "corruptions.csv")
    mean = corruptions[corruptions["kind"] == "stain_deposit"]["balanced_error"].mean()
    assert text.split("| stain deposit |")[1].splitlines()[0].endswith(f" {100 * mean:.1f} |")
    assert text.rstrip().endswith("`data/evaluation/model_report.html`")


@pytest.mark.parametrize("name", ["corruptions.csv", "figures.json", "predictions.parquet"])
def test_markdown_of_an_evaluation_that_is_not_whole_says_so(project: Path, tmp_path: Path, name: str) -> None:
    scores = tmp_path / artifact.SCORES
    scores.parent.mkdir(parents=True)
    for file in (project / artifact.SCORES).iterdir():
        (tmp_path / "params.yaml").write_text(GATE)
        scores.mkdir(exist_ok=True)
        if file.name != name:
            (scores / file.name).write_bytes(file.read_bytes())
    text = artifact.markdown(tmp_path, MADE)
    assert "| accuracy | 0.9877 |\n| rows | 200 |" in text
    assert "The evaluation is not whole: " in text
    assert name in text.split("not whole: ")[1]


def test_markdown_with_rows_and_figures(tmp_path: Path) -> None:
    clean, metrics = tmp_path / artifact.CLEAN, tmp_path / artifact.METRICS
    clean.parent.mkdir(parents=True)
    metrics.parent.mkdir(parents=True)
    stages, reasons = ["", "dedupe", "dedupe", "outliers"], ["", "copy", "copy", "far"]
    rows = pd.DataFrame({"kept": [True, False, False, False], "dropped_by": stages, "drop_reason": reasons})
    rows.to_parquet(clean)
    metrics.write_text(json.dumps({"accuracy": 0.98765, "rows": 20, "per_class": {"ig": {"f1": 1.0}}}))
    text = artifact.markdown(tmp_path, MADE)
    assert "4 came in, 1 are kept, 3 are dropped." in text
    assert "| dedupe | copy | 2 |\n| outliers | far | 1 |" in text
    assert "| accuracy | 0.9877 |\n| rows | 20 |" in text
    assert "per_class" not in text
    assert re.findall("^## .*", text, re.MULTILINE) == ["## Stages", "## Test rows", "## Rows"]


def test_markdown_of_a_run_that_drew_the_page_has_its_counts(tmp_path: Path) -> None:
    entry = {"came": 4, "kept": 1, "dropped": 3, "reasons": {"exact-copy": 3}}
    summary = {"came": 4, "kept": 1, "dropped": 3, "stages": {"dedupe": {"exact-copy": 3}}}
    summary |= {"deliveries": {"d": entry}, "classes": {"ig": entry}, "acquisition_batches": {"yellow": entry}}
    (tmp_path / artifact.CURATION).mkdir(parents=True)
    (tmp_path / artifact.CURATION / "summary.json").write_text(json.dumps(summary))
    text = artifact.markdown(tmp_path, [*MADE, Artifact("data_report", "data/curation", "bb.dir", None, "ran")])
    assert "**4 rows came, 1 kept, 3 dropped.**" in text
    assert "| yellow | 4 | 1 | 3 | 3 |" in text
    assert "data/curation/data_report.html" in text


@pytest.mark.parametrize("text", [None, "", "{}"], ids=["missing", "empty", "of another form"])
def test_markdown_of_a_page_that_is_not_whole_says_so(tmp_path: Path, text: str | None) -> None:
    (tmp_path / artifact.CURATION).mkdir(parents=True)
    if text is not None:
        (tmp_path / artifact.CURATION / "summary.json").write_text(text)
    told = artifact.markdown(tmp_path, [*MADE, Artifact("data_report", "data/curation", "bb.dir", None, "ran")])
    assert "## Curation\n\nThe page is not whole: " in told
