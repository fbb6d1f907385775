"""The first `make repro` of a fresh clone after the install, stage by stage.

    python -m benchmarks.first_run

The clone takes this checkout's environment. Each stage's peer is the whole run.
"""

import re
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def clone(folder: Path) -> Path:
    """A clone of what is committed here, with this checkout's environment."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def stages(project: Path) -> dict[str, float]:
    """Seconds from the start of each stage to that of the next; "" is what comes before the first."""
    process = subprocess.Popen(
        ["make", "repro"], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    name, since, seconds, lines = "", time.perf_counter(), {}, []
    for line in process.stdout:
        lines.append(line)
        if found := re.match(r"Running stage '(.*)'", line):
            seconds[name], name, since = time.perf_counter() - since, found[1], time.perf_counter()
    if process.wait():
        raise SystemExit("".join(lines[-30:]))
    return {**seconds, name: time.perf_counter() - since}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        seconds = stages(clone(Path(folder) / "clone"))
    whole = sum(seconds.values())
    for name, figure in [*seconds.items(), ("make repro", whole)]:
        print(f"{name or 'make and dvc':<14}{figure:>8.1f} s{figure / whole:>8.2f}")


if __name__ == "__main__":
    main()
