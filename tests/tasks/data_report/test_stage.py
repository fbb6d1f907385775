import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks import store
from tasks.data_report import stage
from tasks.data_report.settings import DataReport

REPORT = DataReport(thumbnail=16, shown=40, nearest=4, sample=4)


@pytest.fixture
def run(tmp_path: Path, pairs, image):
    """Runs the stage on a table, and gives its folder."""

    def build(rows: pd.DataFrame, found=None, out: str = "curation") -> Path:
        store.write_rows(tmp_path / "clean", rows)
        (tmp_path / "deduped").mkdir(exist_ok=True)
        (pairs() if found is None else found).to_parquet(tmp_path / "deduped" / "pairs.parquet")
        for name, group in rows.groupby("delivery"):
            (tmp_path / "ingested" / str(name)).mkdir(parents=True, exist_ok=True)
            np.save(tmp_path / "ingested" / str(name) / store.PIXELS, image(len(group)))
            store.write_reading(tmp_path / "ingested" / str(name), store.Reading())
        stage.main(REPORT, tmp_path / "clean", tmp_path / "deduped", tmp_path / "ingested", tmp_path / out)
        return tmp_path / out

    return build


def test_the_page_and_its_counts_are_written(run, full) -> None:
    out = run(full("abc", {"b": ("outliers", "outlier", "")}))
    assert sorted(path.name for path in out.iterdir()) == ["data_report.html", "summary.json"]
    assert json.loads((out / "summary.json").read_text())["dropped"] == 1
    assert "data:image/webp;base64," in (out / "data_report.html").read_text(encoding="utf-8")


def test_the_same_inputs_give_the_same_bytes(run, full, pairs) -> None:
    rows = full("abcd", {"b": ("dedupe", "near-copy", "d/a")}, label=["ig", "ig", "mo", "ba"])
    written = [run(rows, pairs(("a", "b")), out) for out in ("x", "y")]
    for name in ("data_report.html", "summary.json"):
        assert (written[0] / name).read_bytes() == (written[1] / name).read_bytes()


def test_two_deliveries_with_the_same_file_names(run, full, pairs) -> None:
    first = full(["a.png", "b.png"], id=["p", "q"])
    second = full(["a.png", "b.png"], {"a.png": ("dedupe", "near-copy", "d/a.png")}, delivery="e", id=["r", "s"])
    text = (run(pd.concat([first, second], ignore_index=True), pairs(("p", "r"))) / "data_report.html").read_text()
    group = text.split('<div class="group">')[1].split("</div>")[0]
    assert 'title="d/a.png' in group
    assert 'title="e/a.png' in group
    assert "b.png" not in group


def test_unreadable_rows_show_no_black_square(run, full) -> None:
    text = (
        run(full("ab", {"a": ("ingest", "unreadable", "")}, review_decision=["keep", ""])) / "data_report.html"
    ).read_text()
    assert "no image: the file is unreadable" in text
    assert 'title="d/a' not in text


def test_a_page_of_many_rows_stays_small(run, full) -> None:
    rows = full([f"{k:05}" for k in range(5000)], outlier_score=np.arange(5000.0)[::-1])
    outliers = rows["outlier_score"] >= 4000
    rows = rows.assign(kept=~outliers, dropped_by="", drop_reason="")
    rows.loc[outliers, ["dropped_by", "drop_reason"]] = ["outliers", "outlier"]
    text = (run(rows) / "data_report.html").read_text()
    assert text.count("<img") == 40 + 4 + 4
    assert "and 960 images more" in text
