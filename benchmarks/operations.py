"""What operating costs beside the stages' own work: on a landing, on a full run, in memory, and with nothing to do.

    python -m benchmarks.operations landing         # 100 images dropped, to the champion decided
    python -m benchmarks.operations share           # of a full run, what the stages do not use
    python -m benchmarks.operations memory          # of Prefect's server and of `serve`, at the start and after runs
    python -m benchmarks.operations idle            # the flow with nothing to do

Targets: landing at most 20 s beyond the stages, share at most 0.05, idle 6 s at one delivery and 15 s at 50. `landing`
and `share` work in a clone of what is committed here, whose stages run from nothing. Stage work is the time in which at
least one stage's command ran, from the start of its Python to the end, measured in those processes: what DVC does
around them is no stage work. `landing` trains for a few epochs on few cells, for the rest is what is measured; `share`
takes the settings as they are, on the demo delivery or on another one.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import nothing_to_do
from benchmarks.first_run import clone
from benchmarks.served import Clock, Command, Served, serving, union
from benchmarks.targets import Claim, table
from operations.history import provenance
from operations.project.champion_names import FOLDER
from operations.registry import champion
from tasks import params
from tasks.demo import files, stage
from tasks.params import Classes

IMAGES, PATIENCE = 100, 3600.0
BEYOND, SHARE, IDLE = 20.0, 0.05, {1: 6.0, 50: 15.0}
IDENTITY = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost")
BRIEF = {"frozen_epochs": 2, "finetune_epochs": 1}
MINIMUMS = ("clean", "corrupted", "worst", "mixed", "recall")


def landing(arguments: argparse.Namespace, scratch: Path) -> list[Claim]:
    """Seconds from the mark of a dropped delivery to the end of the retraining, and what is no stage's."""
    project, clock = clone(scratch / "clone"), Clock(scratch / "clock")
    _brief(project, arguments.cells)
    rounds = []
    with serving(project, clock.environment) as served:
        served.finished("retrain", PATIENCE, force=True)
        print(
            f"the champion is {getattr(champion.current(project), 'tag', 'nobody')}; now a delivery lands", flush=True
        )
        for count in range(arguments.times):
            rounds.append(_landed(served, clock, f"landed-{count}", seed=100 + count))
    median = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    told = [Claim(f"s, {name}", figure, None) for name, figure in median.items()]
    return [*told[:-1], Claim(told[-1].what, told[-1].figure, BEYOND, most=True)]


def _brief(project: Path, cells: int) -> None:
    """Few cells, a short training, and a first model that needs to be no good."""
    file = project / params.FILE
    text = re.sub(r"(?m)^(  cells: )\d+", rf"\g<1>{cells}", file.read_text(), count=1)
    for name, epochs in BRIEF.items():
        text = re.sub(rf"(?m)^(  {name}: )\d+", rf"\g<1>{epochs}", text)
    before, _, minimums = text.partition("  minimums:")
    for name in MINIMUMS:
        minimums = re.sub(rf"(?m)^(    {name}: )[\d.]+", r"\g<1>0", minimums)
    file.write_text(f"{before}  minimums:{minimums}")
    subprocess.run(["git", *IDENTITY, "commit", "-qam", "Brief"], cwd=project, check=True)


def _landed(served: Served, clock: Clock, name: str, seed: int) -> dict[str, float]:
    folder = served.root / "data/incoming" / name
    cells = files.draw(seed, IMAGES, files.folders(params.load(Classes, served.root / params.FILE)))
    stage.write_images(folder, cells, files.names(seed, cells))
    dropped = time.time()
    folder.with_name(f"{name}.complete").touch()
    record = _record(served.root, name)
    run = served.ended(next(one["id"] for one in record["prefect"] if one["flow"] == "retrain"), PATIENCE)
    end = datetime.fromisoformat(run["end_time"]).timestamp()
    commands = clock.between(dropped, end)
    judged = [command for command in commands if any(word.startswith(f"{FOLDER}/") for word in command.words)]
    stages = [command for command in commands if command not in judged]
    _tell(dropped, datetime.fromisoformat(record["start"]).timestamp(), commands)
    return {
        "dropped to decided": end - dropped,
        "stages by the run's record, DVC included": sum(each["seconds"] for each in record["stages"]),
        "stages' commands": union(stages),
        "the champion judged on the new rows": union(judged),
        "beyond stages and champion": end - dropped - union(commands),
    }


def _record(root: Path, name: str) -> dict[str, Any]:
    """The record of the retraining that took the delivery in."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for run in reversed(provenance.runs(root)):
            record = provenance.load(root / provenance.FOLDER / f"{run}.json")
            if record["flow"] == "retrain" and name in record["facts"].get("delivered", ()):
                return record if record["end"] else _ended(root, run)
        time.sleep(0.5)
    raise SystemExit(f"no retraining took {name} in within {PATIENCE:g} s")


def _ended(root: Path, run: str) -> dict[str, Any]:
    while not (record := provenance.load(root / provenance.FOLDER / f"{run}.json"))["end"]:
        time.sleep(0.2)
    return record


def _tell(dropped: float, began: float, commands: list[Command]) -> None:
    print(f"  {began - dropped:>7.1f} s  the flow began")
    for command in sorted(commands, key=lambda each: each.start):
        words = " ".join(command.words[:2])
        print(f"  {command.start - dropped:>7.1f} s  {words}, {command.end - command.start:.1f} s", flush=True)


def share(arguments: argparse.Namespace, scratch: Path) -> list[Claim]:
    """The part of `hemaflow pipeline` in which no stage's command ran, everything run from nothing."""
    project, clock = clone(scratch / "clone"), Clock(scratch / "clock")

    def flows(*words: str | Path) -> None:
        command = [sys.executable, "-m", "hemaflow", *map(str, words)]
        done = subprocess.run(command, cwd=project, env=clock.environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, words))} failed:\n{done.stdout[-5000:]}{done.stderr[-5000:]}")

    if arguments.delivery:
        flows("remove", "demo")
        order = ",".join(params.load(Classes).names)
        named = ["--classes", order] if arguments.delivery.suffix == ".npz" else []
        flows("add", arguments.delivery.resolve(), "--name", "replica", *named)
    with serving(project, clock.environment):
        pass  # Prefect's database is there from now on; a checkout pays for that once
    start = time.time()
    flows("pipeline")
    whole, stages = time.time() - start, clock.between(start, time.time())
    _tell(start, start, stages)
    figures = [Claim("s, the flow", whole, None), Claim("s, stages' commands", union(stages), None)]
    return [*figures, Claim("share of no stage", 1 - union(stages) / whole, SHARE, most=True)]


def memory(arguments: argparse.Namespace, scratch: Path) -> list[Claim]:
    """Resident MiB of the server and of `serve`, before and after runs that find nothing to do."""
    (scratch / "project").mkdir()
    project, clock = nothing_to_do.project(scratch / "project", 1), Clock(scratch / "clock")
    with serving(project, clock.environment) as served:
        counts = [0, 1, arguments.runs // 2, arguments.runs]
        claims, done = [], 0
        for count in counts:
            for _ in range(count - done):
                served.finished("pipeline", PATIENCE)
            done = count
            time.sleep(5)  # what a run's events cost is written by then
            for name, process in served.processes().items():
                claims.append(Claim(f"MiB, {name}, runs: {count}", process.memory_info().rss / 2**20, None))
    return claims


def idle(arguments: argparse.Namespace, scratch: Path) -> list[Claim]:
    """Seconds of the flow where everything is up to date."""
    claims = []
    for deliveries, target in IDLE.items():
        folder = scratch / str(deliveries)
        folder.mkdir()
        seconds = nothing_to_do.seconds(nothing_to_do.project(folder, deliveries), nothing_to_do.COMMANDS["flow"])
        claims.append(Claim(f"s, nothing to do, deliveries: {deliveries}", seconds, target, most=True))
        shutil.rmtree(folder)
    return claims


WHAT: dict[str, Callable[[argparse.Namespace, Path], list[Claim]]] = {
    each.__name__: each for each in (landing, share, memory, idle)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--cells", type=int, default=300, help="landing: drawn cells of the demo delivery")
    parser.add_argument("--times", type=int, default=1, help="landing: deliveries, of which the median is told")
    parser.add_argument("--delivery", type=Path, help="share: images to add instead of the demo")
    parser.add_argument("--runs", type=int, default=20, help="memory: runs")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        claims = WHAT[arguments.what](arguments, Path(scratch))
    print(f"\n{table(claims)}")


if __name__ == "__main__":
    main()
