"""The process of a served flow run: Prefect's engine, which ends with `serve` and outlasts Prefect's server.

    python -m flows.served_run

`serve` holds the other end of standard input. The kernel closes that end when `serve` is gone, SIGKILL included; this
process then gets a SIGTERM, by which the flow ends its stages and leaves the project's lock, and a little later is gone.
"""

import os
import runpy
import signal
import threading
import time
from typing import Any

GRACE = 5.0
"""Seconds for the flow to leave in order. Stages have their guards, which end them and then free the project's lock."""


def main() -> None:
    """Run the flow run that the environment names."""
    pipe = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what the flow starts must not read from the pipe
    threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
    _go_on_without_lease()
    runpy.run_module("prefect.engine", run_name="__main__")


def _end_with(pipe: int) -> None:
    while os.read(pipe, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)  # it tries still to tell a server about it that is gone as well


def _go_on_without_lease() -> None:
    """Have a run go on whose lease on its deployment's slot could not be renewed, since the server was gone so long.

    Prefect ends it in mid-stage, lest another run works beside it. Here the project's lock sees to that.
    """
    from prefect.concurrency import _leases

    prefects = _leases._handle_lease_renewal_failure

    def warn(error: Any, lease: Any, _end: bool, *others: Any) -> None:
        prefects(error, lease, False, *others)

    vars(_leases)[prefects.__name__] = warn


if __name__ == "__main__":
    main()
