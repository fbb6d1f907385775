"""The process of a served flow run: Prefect's engine, which ends with `serve` and outlasts Prefect's server.

    python -m flows.serving.served_run

`serve` holds the other end of standard input. The kernel closes that end when `serve` is gone, SIGKILL included; this
process then gets a SIGTERM, by which the flow ends its stages and leaves the project's lock, and is gone soon after.
"""

import os
import runpy
import signal
import threading
import time

from flows.server import resilience

GRACE = 5.0
"""Seconds for the flow to leave in order. Stages have their guards, which end them and then free the project's lock."""


def main() -> None:
    """Run the flow run that the environment names."""
    pipe = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what the flow starts must not read from the pipe
    threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
    resilience.outlast()
    runpy.run_module("prefect.engine", run_name="__main__")


def _end_with(pipe: int) -> None:
    while os.read(pipe, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)  # it tries still to tell a server about it that is gone as well


if __name__ == "__main__":
    main()
