"""How a verb runs a flow, and which errors need no more than their message."""

import logging
import os
import sys
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any


def run(name: str, /, **parameters: Any) -> Any:
    """What the flow `flows.NAME:NAME` returns. Prefect's server starts while the flow is being imported."""
    from flows.server import database, lease, server

    root = Path.cwd()
    own = server.provide(root)
    flow = getattr(import_module(f"flows.{name}"), name)
    _leave_out_traces()
    if own:
        own.await_healthy()
    else:
        from flows.server import resilience

        resilience.outlast()
    # A server of this verb's own that keeps its runs in this checkout is nobody else's.
    alone = own and not database.chosen()
    with nullcontext() if alone else lease.held(root, os.environ["PREFECT_API_URL"]):
        state = flow(**parameters, return_state=True)
    if own:
        own.settle(str(state.state_details.flow_run_id))
    return state.result()


def bring(*names: str) -> None:
    """Fetch what a verb reads of data, where it is on the remote alone.

    `champion` is the folder that the pointer names, `ingested` that of each delivery.
    """
    from operations.project import listing
    from operations.registry.champion_record import current

    root = Path.cwd()
    now = current(root) if "champion" in names else None
    paths = [now.folder if now and name == "champion" else Path("data") / name for name in names]
    if Path("data/ingested") in paths:
        paths += [Path("data/ingested") / delivery for delivery in listing.names(root)]
    absent = [path for path in paths if not path.exists()]
    if absent:
        from operations.pipeline import needed

        needed.bring(root, absent)


def expected() -> tuple[type[Exception], ...]:
    """Errors that a message is enough for. Their modules are loaded where they can have been raised."""
    runner, prefect = sys.modules.get("operations.pipeline.runner"), sys.modules.get("prefect.exceptions")
    return (
        ValueError,
        OSError,
        *([runner.StageFailedError] if runner else []),
        *([prefect.CancelledRun] if prefect else []),
    )


def printing() -> logging.Logger:
    """A log whose lines go to standard error as they are, for work that has no flow around it."""
    log = logging.getLogger("hemaflow")
    if not log.handlers:
        log.addHandler(logging.StreamHandler())
    log.setLevel(logging.INFO)
    log.propagate = False
    return log


def _leave_out_traces() -> None:
    """Keep Prefect from logging the stack of an error that a message is enough for."""

    def brief(record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], expected()):
            record.exc_info = None
        return True

    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(brief)
