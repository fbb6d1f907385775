"""report: the page on which a person sees what curation kept, what it dropped, and why."""

import json
from pathlib import Path

import pandas as pd

from tasks import command, store
from tasks.report import page
from tasks.report.material import Material
from tasks.report.settings import Report
from tasks.report.summary import summary
from tasks.report.thumbnails import Thumbnails


def main(report: Report, clean: Path, deduped: Path, ingested: Path, out: Path) -> None:
    """Write report.html, one file that needs nothing else, and summary.json, its counts."""
    rows = store.read_rows(clean).reset_index(drop=True)
    material = Material(rows, pd.read_parquet(deduped / "pairs.parquet"), report)
    counts = summary(rows)
    thumbnails = Thumbnails(store.pixels(ingested, rows), rows, report.thumbnail)
    html = page.render(counts, page.sections(material), thumbnails.uri, report.thumbnail)
    out.mkdir(parents=True)
    (out / "report.html").write_text(html, encoding="utf-8")
    (out / "summary.json").write_text(json.dumps(counts, indent=1) + "\n")
    print(f"{counts['came']:,} came, {counts['kept']:,} kept, {counts['dropped']:,} dropped; {len(html) >> 10:,} KiB")


if __name__ == "__main__":
    command.run(main, Report)
