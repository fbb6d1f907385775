"""data_report: the page on which a person sees what curation kept, what it dropped, and why."""

import json
from pathlib import Path

import pandas as pd

from tasks import command, store
from tasks.data_report import acquisition, page
from tasks.data_report.material import Material
from tasks.data_report.settings import DataReport
from tasks.data_report.summary import summary
from tasks.data_report.thumbnails import Thumbnails


def main(data_report: DataReport, clean: Path, deduped: Path, ingested: Path, out: Path) -> None:
    """Write data_report.html, one file that needs nothing else, and summary.json, its counts."""
    rows = store.read_rows(clean).reset_index(drop=True)
    material = Material(rows, pd.read_parquet(deduped / "pairs.parquet"), data_report)
    counts = summary(rows)
    thumbnails = Thumbnails(store.pixels(ingested, rows), rows, data_report.thumbnail)
    readings = {str(name): store.read_reading(ingested / str(name)) for name in rows["delivery"].unique()}
    lists, reading = page.sections(material, readings), acquisition.table(rows, readings)
    html = page.render(counts, reading, lists, thumbnails.uri, data_report.thumbnail)
    out.mkdir(parents=True)
    (out / "data_report.html").write_text(html, encoding="utf-8")
    (out / "summary.json").write_text(json.dumps(counts, indent=1) + "\n")
    print(f"{counts['came']:,} came, {counts['kept']:,} kept, {counts['dropped']:,} dropped; {len(html) >> 10:,} KiB")


if __name__ == "__main__":
    command.run(main, DataReport)
