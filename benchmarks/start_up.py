"""How long a stage takes before its first line of work: the imports of each stage without a network.

    python -m benchmarks.start_up

The peer is `import pandas` alone, in the same run; the median of five.
"""

import statistics
import subprocess
import sys
import time

STAGES = ["demo", "ingest", "dedupe", "outliers", "split"]
RUNS = 5


def seconds(statement: str) -> float:
    """Median wall time of a fresh interpreter that runs `statement`."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    seconds("import pandas")  # warms the file cache
    peer = seconds("import pandas")
    print(f"{'import':<28}{'seconds':>9}{'of the peer':>13}\n{'pandas':<28}{peer:>9.2f}{1:>13.2f}")
    for name in STAGES:
        own = seconds(f"import tasks.{name}.stage")
        print(f"{f'tasks.{name}.stage':<28}{own:>9.2f}{own / peer:>13.2f}")


if __name__ == "__main__":
    main()
