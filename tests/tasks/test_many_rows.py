"""100,000 rows through dedupe, outliers and split: none is lost, and memory stays within a stated bound."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tasks import params, store
from tasks.dedupe import stage as dedupe
from tasks.dedupe.settings import Dedupe
from tasks.outliers import stage as outliers
from tasks.outliers.settings import Outliers
from tasks.split import stage as split
from tasks.split.settings import Split

ROOT = Path(__file__).parents[2]
SIDE, DIMENSIONS, DELIVERIES = 32, 64, 4
BOUND = 1536
"""MiB of resident memory, in which the pixels that were read count too, 293 MiB of them; 1,155 were measured."""


def write(folder: Path, count: int) -> None:
    """Deliveries as ingest and embed leave them: sparse pixels, random hashes and features, one exact copy in ten."""
    rng = np.random.default_rng(0)
    names = [f"d{k}" for k in range(DELIVERIES)]
    labels = np.array(params.load(params.Classes).names)
    for name in names:
        n = count // DELIVERIES
        (folder / "embedded" / name).mkdir(parents=True)
        ids = [f"{k:032x}" for k in rng.integers(0, 5 * count, n)]
        rows = pd.DataFrame({"delivery": name, "source": [f"{k}.png" for k in range(n)], "id": ids, "row": range(n)})
        rows = rows.assign(
            label=labels[[int(name, 16) % len(labels) for name in ids]], split_group=ids, kept=True, dropped_by="",
            drop_reason="", drop_value=np.nan, duplicate_of="", height=SIDE, width=SIDE, file_bytes=900, detail="",
            contrast=40.0,
            smoothness=0.9, flat=0.0, saturation=30.0, clipped=0.0, background="#f0e8e0", acquisition_batch="yellow",
        )  # fmt: skip
        store.write_rows(folder / "ingested" / name, rows)
        pixels = folder / "ingested" / name / store.PIXELS
        np.lib.format.open_memmap(pixels, "w+", np.uint8, (n, SIDE, SIDE, 3)).flush()
        views = rng.integers(0, 256, (n, len(store.VIEW_NAMES), store.VIEW_SIDE, store.VIEW_SIDE), np.uint8)
        np.save(folder / "ingested" / name / store.VIEWS, views)
        hashes = rng.integers(0, 256, (n, len(store.VIEW_NAMES), len(store.ORIENTATIONS), 32), np.uint8)
        np.save(folder / "ingested" / name / store.HASHES, hashes)
        np.save(folder / "embedded" / name / store.FEATURES, rng.random((n, DIMENSIONS), np.float32))
    (folder / "deliveries.yaml").write_text(yaml.safe_dump({"deliveries": names}))
    (folder / "review.csv").write_text("delivery,source,id,review_decision,who,why\n")


def run(folder: Path) -> None:
    """The stages in the folder, with the seconds and the largest resident set in MiB so far after each."""
    listing, review, ingested, embedded, deduped, inliers, clean = (
        folder / name
        for name in ("deliveries.yaml", "review.csv", "ingested", "embedded", "deduped", "inliers", "clean")
    )
    stages = {
        "dedupe": lambda: dedupe.main(params.load(Dedupe), listing, review, ingested, embedded, deduped),
        "outliers": lambda: outliers.main(params.load(Outliers), deduped, embedded, inliers),
        "split": lambda: split.main(params.load(params.Classes), params.load(Split), inliers, deduped, clean),
    }
    for name, stage in stages.items():
        start = time.perf_counter()
        stage()
        print(f"{name}: {time.perf_counter() - start:.0f} s, {peak()} MiB")
    print(peak())


def peak() -> int:
    """Largest resident set of this program so far in MiB; getrusage would count the process that started it too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


@pytest.mark.long
def test_100_000_rows(tmp_path: Path) -> None:
    command = [sys.executable, __file__, str(tmp_path), "100000"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    before = pd.concat(store.read_rows(folder) for folder in (tmp_path / "ingested").iterdir())
    after = store.read_rows(tmp_path / "clean")
    store.check_same_rows(before, after)
    assert len(after) == 100_000
    assert after.loc[after["kept"], "id"].is_unique
    assert after.loc[after["drop_reason"] == "exact-copy", "id"].isin(after.loc[after["kept"], "id"]).all()
    assert int(done.stdout.split()[-1]) < BOUND


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
    run(Path(sys.argv[1]))
