"""`dvc repro` and the Prefect flow where everything is up to date, with one delivery and with many.

    python -m benchmarks.nothing_to_do 1 50

The peer of both is one `dvc status`, in the same run; medians of three. What DVC and Prefect do when there is nothing
to do follows from the number of stages and files, not from what is in them: so the outputs here are stand-ins, written
by this script and committed to DVC as they are, and no stage runs.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

from operations.project import records
from tasks.delivery.record import Record

ROOT = Path(__file__).parents[1]
RUNS = 3
IMAGES = 40
COMMANDS = {
    "dvc status": ["dvc", "status"],
    "dvc repro": ["dvc", "repro"],
    "flow": ["python", "-m", "hemaflow", "pipeline"],
}
COUNTS = {"came": 0, "kept": 0, "dropped": 0, "stages": {}, "deliveries": {}, "classes": {}, "batches": {}}
"""What the flow's summary reads of the report."""
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def run(project: Path, *command: str) -> str:
    """Output of a command, which must succeed."""
    done = subprocess.run(command, cwd=project, env=ENVIRONMENT, text=True, capture_output=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def project(folder: Path, deliveries: int) -> Path:
    """A copy of this project with so many deliveries, all of it up to date."""
    for name in run(ROOT, "git", "ls-files").split():
        if name != "dvc.lock" and not name.startswith("studies/") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    run(folder, "git", "init", "-q")
    names = [f"batch{k:03}" for k in range(deliveries)]
    (folder / "data/deliveries.yaml").write_text(yaml.safe_dump({"deliveries": names, "drawn": []}))
    for name in names:
        _images(folder / "data/raw" / name)
        records.write(folder, name, Record())
    run(folder, "dvc", "add", "--quiet", *(f"data/raw/{name}" for name in names))
    for stage in run(folder, "dvc", "stage", "list", "--name-only").split():
        _stand_in(folder, stage)
    run(folder, "dvc", "commit", "--force")
    return folder


def _images(raw: Path) -> None:
    raw.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, 96, 96, 3), np.uint8)
    np.savez(raw / "batch.npz", images=images, labels=np.arange(IMAGES)[:, None] % 8)


def _stand_in(folder: Path, stage: str) -> None:
    key, _, item = stage.partition("@")
    described = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"][key]
    for out in described.get("do", described)["outs"]:
        path = folder / out.replace("${item}", item)
        is_file = path.suffix in (".html", ".md", ".csv")
        file = path if is_file else path / ("summary.json" if key == "data_report" else "content")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(COUNTS) if key == "data_report" else stage)


def seconds(folder: Path, command: list[str]) -> float:
    """Median wall time of a command that must find nothing to do."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        output = run(folder, *command)
        times.append(time.perf_counter() - start)
        if "Running stage" in output or "modified:" in output:
            raise SystemExit(f"{' '.join(command)} found something to do:\n{output}")
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("deliveries", nargs="+", type=int)
    print(f"{'deliveries':<12}{'command':<12}{'seconds':>9}{'of the peer':>13}")
    for deliveries in parser.parse_args().deliveries:
        with tempfile.TemporaryDirectory() as folder:
            built = project(Path(folder), deliveries)
            figures = {name: seconds(built, command) for name, command in COMMANDS.items()}
        for name, figure in figures.items():
            print(f"{deliveries:<12}{name:<12}{figure:>9.2f}{figure / figures['dvc status']:>13.2f}", flush=True)


if __name__ == "__main__":
    main()
