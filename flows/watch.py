"""The flow `watch`: takes in what lies complete in the landing folders, and emits an event for each new delivery."""

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import events, notify
from flows.pipeline import stage
from operations.deliveries.add_remove import Added
from operations.landing import folders, landing
from operations.landing.landing import Outcome

FOR_A_PERSON = {Outcome.KNOWN, Outcome.QUARANTINED, Outcome.STUCK}


# Prints are logged, for whoever waits for the project's lock is told so by a print.
@flow(name="watch", persist_result=False, log_prints=True, on_failure=[notify.failed])
def watch() -> list[str]:
    """Add the complete deliveries in the landing folders named in params.yaml.

    Each emits an event that starts a retraining. An entry that cannot be added moves to the folder's quarantine, with
    the reason.

    Returns the names of the new deliveries. Raises ValueError for a folder that is not marked as this project's, once
    an hour, and when the others have been looked at.
    """
    root = Path.cwd()
    good, problems = folders.usable(root)
    due = landing.is_due(root, good, folders.settings(root).settle_seconds)
    names = [delivered.name for delivered in take_in_all(root)] if due else []
    if folders.is_news(root, problems):
        raise ValueError("; ".join(problems))
    return names


def take_in_all(root: Path) -> list[Added]:
    """Land every complete entry of the landing folders, each in a task, and emit the events that are due; in a flow.

    Waits for the project's lock. Leaves folders alone that are not the project's. Raises ValueError or OSError for what
    is no fault of an entry (a full disk), once all have been tried; the entry lies in the folder still then.
    """
    good, problems = folders.usable(root)
    for problem in problems:
        get_run_logger().warning("%s", problem)
    states: list[Any] = landing.look(
        root,
        good,
        folders.settings(root).settle_seconds,
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
    if landed.outcome in FOR_A_PERSON:
        notify.tell("quarantine", text, log, once=root)
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
