"""The flow `watch`: takes in what lies complete in the drop folder, and emits an event for each new delivery."""

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import NonNegativeFloat

from flows.deliver import Delivered
from flows.landing import events, landing
from flows.landing.landing import Outcome
from flows.pipeline import stage

INCOMING = Path("data/incoming")
SETTLE_SECONDS = 60.0
FOR_A_PERSON = {Outcome.KNOWN, Outcome.QUARANTINED, Outcome.STUCK}


# Prints are logged, for whoever waits for the project's lock is told so by a print.
@flow(name="watch", persist_result=False, log_prints=True)
def watch(folder: Path = INCOMING, settle_seconds: NonNegativeFloat = SETTLE_SECONDS) -> list[str]:
    """Take in the deliveries that lie complete in a folder. Each emits an event, by which a retraining begins.

    Args:
        folder: The drop folder.
        settle_seconds: An entry without a `.complete` mark counts as complete after so long without a change.

    Returns the names of the new deliveries. What cannot be taken in lies in data/quarantine then, with the reason.
    """
    root = Path.cwd()
    if not landing.is_due(root, root / folder, settle_seconds):
        return []
    return [delivered.name for delivered in take_in_all(root, folder, settle_seconds)]


def take_in_all(root: Path, folder: Path = INCOMING, settle_seconds: float = SETTLE_SECONDS) -> list[Delivered]:
    """Land every complete entry of a folder, each in a task, and emit the events that are due; inside a flow.

    Waits for the project's lock. Raises ValueError or OSError for what is no fault of an entry (a full disk), once all
    have been tried; the entry lies in the folder still then.
    """
    states: list[Any] = landing.look(
        root,
        root / folder,
        settle_seconds,
        each=lambda entry: take_in(root, entry, repr(entry.name)[1:-1], return_state=True),
        send=lambda: _send(root),
    )
    # A task that raised does so here.
    landed = [state.result() for state in states if state.name != Outcome.STUCK]
    return [delivered for delivered in landed if delivered is not None]


@stage("take_in {label}")
def take_in(root: Path, entry: Path, label: str) -> State:
    """Land an entry. The state is named by what became of it; its data is the delivery, None where there is none."""
    landed = landing.land(root, entry)
    log, text = get_run_logger(), f"{label}: {landed.message}"
    (log.warning if landed.outcome in FOR_A_PERSON else log.info)("%s", text)
    if landed.outcome is Outcome.STUCK:
        return Failed(name=landed.outcome, message=text)
    return Completed(name=landed.outcome, message=text, data=landed.delivered)


def _send(root: Path) -> None:
    log = get_run_logger()
    try:
        for delivered in events.send(root):
            log.info("emitted %s for %s", events.ACCEPTED, delivered.name)
    except OSError as error:
        log.warning("%s; the next look tries again", error)
