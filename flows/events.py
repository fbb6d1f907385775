"""The event `hemaflow.delivery.accepted`: something came, so whoever retrains may begin."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from operations.deliveries.add_remove import Added
from operations.landing import outbox

ACCEPTED = "hemaflow.delivery.accepted"
RESOURCE = "hemaflow.delivery"


def send(root: Path) -> Iterator[Added]:
    """Emit what the outbox holds; each whose event has arrived. Raises OSError where the API cannot be had."""
    return outbox.send(root, accepted)


def accepted(delivered: Added) -> None:
    """Emit the event of a delivery, with its counts; returns when Prefect's API has it. Raises OSError.

    By the API itself: Prefect's `emit_event` puts an event into a queue, which dies with the process and tells nobody
    that a server was away.
    """
    from httpx import HTTPError
    from prefect import get_client
    from prefect.events.schemas.events import Event
    from prefect.types._datetime import now

    resource = {"prefect.resource.id": f"{RESOURCE}.{delivered.name}", "prefect.resource.name": delivered.name}
    payload = {"name": delivered.name, "images": delivered.images, "classes": delivered.classes}
    made: Any = {"occurred": now("UTC"), "event": ACCEPTED, "resource": resource, "related": _run()}
    event = Event(**made, payload=payload)
    try:
        with get_client(sync_client=True) as client:
            client.request("POST", "/events", json=[event.model_dump(mode="json")])
    except HTTPError as error:
        raise OSError(f"Prefect's API did not take the event of {delivered.name!r}: {error}") from error


def _run() -> list[dict[str, str]]:
    """The flow run around, on whose page the event is then shown."""
    from prefect.runtime import flow_run

    if not flow_run.id:
        return []
    return [{"prefect.resource.id": f"prefect.flow-run.{flow_run.id}", "prefect.resource.role": "flow-run"}]
