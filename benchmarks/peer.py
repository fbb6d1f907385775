"""Wall time of all curation stages against cleanvision's default checks on the same images, in the same run.

    python -m benchmarks.peer replica.npz --venv folder

Target: at most 0.5 of cleanvision's time, with 2 cores. Measured: 0.40, and 0.46 of its processor time; on a busy
machine 0.35 and 0.84. The stages run one after the other as `dvc repro` would run
them, child processes in a project folder of their own, and read the npz; cleanvision reads the same images as PNG
files, which are written before its time starts. It has an environment of its own, which is made in `folder` if it is
not there yet: it is no part of the product.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from PIL import Image

from benchmarks.memory import stages
from benchmarks.targets import Claim, table
from tasks import params
from tasks.delivery import raw, record
from tasks.params import Classes

ROOT = Path(__file__).parents[1]
STAGES = ["ingest", "embed", "dedupe", "outliers", "split"]
CLEANVISION = "cleanvision==0.3.7"
CHECK = "from cleanvision import Imagelab; Imagelab(data_path={folder!r}).find_issues(n_jobs={jobs}, verbose=False)"


class Took(NamedTuple):
    """Wall time, and processor time over all cores and children, which other work on the machine disturbs less."""

    seconds: float
    processor: float


def run(command: list[str], folder: Path | None = None) -> Took:
    """What a command takes; what it prints is shown only where it fails."""
    start, before = time.perf_counter(), os.times()
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} failed:\n{done.stdout[-3000:]}")
    after = os.times()
    processor = after.children_user - before.children_user + after.children_system - before.children_system
    return Took(time.perf_counter() - start, processor)


def project(folder: Path, npz: Path) -> Path:
    """A project with the code and settings of this one and a single delivery, `batch`."""
    (folder / "data/raw/batch").mkdir(parents=True)
    (folder / "data/raw/batch/batch.npz").symlink_to(npz.resolve())
    (folder / "data/deliveries.yaml").write_text(yaml.safe_dump({"deliveries": ["batch"], "drawn": []}))
    raw_folder, classes = folder / "data/raw/batch", params.load(Classes, ROOT / params.FILE)
    names = raw.names(raw_folder) or classes.names
    rows = raw.rows(raw_folder, classes, names)
    (folder / "data/deliveries").mkdir()
    (folder / "data/deliveries/batch.yaml").write_text(record.text(record.of(names, [row.name for row in rows])))
    (folder / "data/pretrained").symlink_to(ROOT / "data/pretrained")
    for name in ("tasks", "dvc.yaml", "params.yaml"):
        (folder / name).symlink_to(ROOT / name)
    header = (ROOT / "data/review.csv").read_text().splitlines()[0]
    (folder / "data/review.csv").write_text(f"{header}\n")
    return folder


def own(folder: Path) -> Took:
    """All stages in a project folder, each told as it ends."""
    every = []
    for name, command in stages(STAGES, folder).items():
        _, *arguments = shlex.split(command)
        every.append(run([sys.executable, *arguments], folder))
        tell(name.split("@")[0], every[-1])
    return Took(*(sum(each) for each in zip(*every, strict=True)))


def tell(name: str, took: Took) -> None:
    print(f"{name:<14}{took.seconds:>9.1f}{took.processor:>12.1f}", flush=True)


def environment(folder: Path) -> Path:
    """The Python of cleanvision's environment."""
    python = folder / "bin/python"
    if not python.exists():
        run([sys.executable, "-m", "venv", str(folder)])
        run([str(python), "-m", "pip", "install", "--quiet", CLEANVISION])
    return python


def pngs(npz: Path, folder: Path) -> Path:
    """The images of the npz, each a file."""
    folder.mkdir()
    for row, image in enumerate(np.load(npz)["images"]):
        Image.fromarray(image).save(folder / f"{row:06}.png")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("npz", type=Path, help="images under the key images, labels under labels")
    parser.add_argument("--venv", type=Path, required=True, help="folder of cleanvision's environment")
    parser.add_argument("--jobs", type=int, default=2, help="processes that cleanvision may use")
    arguments = parser.parse_args()
    python = environment(arguments.venv)
    print(f"{'':<14}{'seconds':>9}{'processor':>12}")
    with tempfile.TemporaryDirectory() as folder:
        whole = own(project(Path(folder) / "project", arguments.npz))
        tell("all stages", whole)
        images = pngs(arguments.npz, Path(folder) / "png")
        peer = run([str(python), "-c", CHECK.format(folder=str(images), jobs=arguments.jobs)])
    tell("cleanvision", peer)
    claim = Claim("seconds of all stages / cleanvision's", whole.seconds / peer.seconds, 0.5, most=True)
    print(f"\n{table([claim])}")


if __name__ == "__main__":
    main()
