"""The flow `watch`: takes in what lies complete in the drop folder, and runs the pipeline if anything came."""

import errno
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import NonNegativeFloat

from flows import deliver, drop, groups, lock
from flows.pipeline import pipeline, stage

INCOMING = Path("data/incoming")
SETTLE_SECONDS = 60.0
NO_FAULT_OF_THE_ENTRY = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}


@flow(name="watch", persist_result=False, log_prints=True)
def watch(folder: Path = INCOMING, settle_seconds: NonNegativeFloat = SETTLE_SECONDS) -> list[str]:
    """Take in the deliveries that lie complete in a folder, and bring the pipeline up to date if any came.

    Args:
        folder: The drop folder.
        settle_seconds: An entry without a `.complete` mark counts as complete after so long without a change.

    Returns the names of the new deliveries. What cannot be taken in lies in data/quarantine then, with the reason.
    """
    root = Path.cwd()
    entries = drop.complete(root / folder, settle_seconds)
    if not entries:
        return []
    with lock.held(root, "watch"), groups.ending_together():
        states: list[Any] = [take_in(root, entry) for entry in entries]  # a task that returns a state is called for it
        taken = [name for name in (state.result() for state in states) if name is not None]
        if taken:
            pipeline()
    return taken


@stage("take_in {entry.name}")
def take_in(root: Path, entry: Path) -> State:
    """Deliver an entry. Ends as Completed with the delivery's name, or as Known or Quarantined with None."""
    log = get_run_logger()
    try:
        delivered = deliver.deliver(root, entry)
    except (ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno in NO_FAULT_OF_THE_ENTRY:
            raise
        place = drop.put_aside(entry, root, str(error))
        log.error("%s is no delivery, so it lies in %s now: %s", entry.name, place.relative_to(root), error)
        return Completed(name="Quarantined", message=str(error), data=None)
    log.info("%s", delivered)
    if not delivered.new:
        drop.put_aside(entry, root, str(delivered))
        return Completed(name="Known", message=str(delivered), data=None)
    drop.remove(entry, root)
    return Completed(message=str(delivered), data=delivered.name)
