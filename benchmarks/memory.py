"""Peak memory and time of every stage, each run as DVC would run it, on the deliveries of this project.

    python -m benchmarks.memory ingest embed dedupe outliers split evaluate

Outputs go to a scratch folder; the project stays as it is. The peer is `import tensorflow`, in the same run.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

PEER = "import tensorflow"


def stages(names: list[str], project: Path = Path()) -> dict[str, str]:
    """Commands of the project's dvc.yaml by stage, a stage per delivery spelled out."""
    lists = yaml.safe_load((project / "data/deliveries.yaml").read_text())
    commands = {}
    for name, stage in yaml.safe_load((project / "dvc.yaml").read_text())["stages"].items():
        if name in names:
            items = lists[stage["foreach"].strip("${}")] if "foreach" in stage else [None]
            for item in items:
                command = stage.get("do", stage)["cmd"]
                commands[f"{name}@{item}" if item else name] = command.replace("${item}", item or "")
    return commands


def measured(command: list[str]) -> tuple[float, float]:
    """Seconds and the largest resident set in MiB, over the command and its children."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{shlex.join(command)} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("stages", nargs="+")
    names = parser.parse_args().stages
    _, peer = measured([sys.executable, "-c", PEER])
    print(f"{'stage':<24}{'seconds':>9}{'MiB':>8}{'of the peer':>13}")
    print(f"{PEER:<24}{'':>9}{peer:>8.0f}{1:>13.2f}")
    with tempfile.TemporaryDirectory() as scratch:
        for name, command in stages(names).items():
            *given, out = shlex.split(command)
            seconds, peak = measured([sys.executable, *given[1:], f"{scratch}/{Path(out).name}"])
            print(f"{name:<24}{seconds:>9.1f}{peak:>8.0f}{peak / peer:>13.2f}")


if __name__ == "__main__":
    main()
