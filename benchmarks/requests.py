"""Runs requested at once, as several people's browsers do: how many Prefect's server refuses, and how long they take.

    python -m benchmarks.requests 1 6 20

Each number of requests goes to the server that `serve` runs, on SQLite and on PostgreSQL (skipped where Debian's
package is not installed), and for comparison to Prefect's own application on SQLite, without what
`flows.server.application` puts around it. The requests are those of the UI: once, without another try.
"""

import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

from flows.server import server
from tests.support.postgres import postgresql

PREFECTS = "prefect.server.api.server:create_app"
ROUNDS = 5


def main(numbers: list[int]) -> None:
    """Print a table."""
    print(f"{'server':<24}{'at once':>8}{'refused':>9}{'median s':>10}{'longest s':>10}")
    with mock.patch.object(server, "APPLICATION", PREFECTS):
        measure("Prefect alone, SQLite", numbers)
    measure("SQLite", numbers)
    try:
        with postgresql() as url:
            measure("PostgreSQL", numbers, url)
    except BaseException as error:  # pytest's skip, which says what is missing
        print(f"PostgreSQL: {error}")


def measure(name: str, numbers: list[int], url: str | None = None) -> None:
    """Rows of the table for one server."""
    with tempfile.TemporaryDirectory() as folder:
        home = str(Path(folder) / "home")
        started = server.start(Path(folder), server.free_port(), url=url, PREFECT_HOME=home)
        try:
            started.await_healthy()
            target = deployment(started.api)
            for number in numbers:
                row(name, number, f"{started.api}/deployments/{target}/create_flow_run")
        finally:
            started.end()


def row(name: str, number: int, url: str) -> None:
    """So many requests at once, a few times over."""
    answers: list[tuple[int, float]] = []
    with ThreadPoolExecutor(number) as pool:
        for _ in range(ROUNDS):
            answers += pool.map(timed, [url] * number)
    seconds = [took for _, took in answers]
    refused = sum(code != 201 for code, _ in answers)
    share = f"{refused}/{len(answers)}"
    print(f"{name:<24}{number:>8}{share:>9}{statistics.median(seconds):>10.2f}{max(seconds):>10.2f}", flush=True)


def timed(url: str) -> tuple[int, float]:
    """Status and seconds of a request for a run."""
    began = time.monotonic()
    return post(url, b'{"parameters": {}}')[0], time.monotonic() - began


def deployment(api: str) -> str:
    """Id of a deployment that nobody works for."""
    flow = post(f"{api}/flows/", b'{"name": "requested"}')[1]["id"]
    body = f'{{"name": "requested", "flow_id": "{flow}", "concurrency_limit": 1}}'.encode()
    return str(post(f"{api}/deployments/", body)[1]["id"])


def post(url: str, body: bytes) -> tuple[int, Any]:
    """Status and JSON of the answer."""
    import json

    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, None


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1, 6, 20])
