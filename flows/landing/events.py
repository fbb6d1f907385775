"""The event `hemaflow.delivery.accepted`: something came, so whoever retrains may begin.

A landing notes it in an outbox below data/.state before it accepts the delivery, and takes the note away once Prefect's
API has confirmed the event. So a crash, or a server that is away, delays an event and never loses it; after a crash it
may come twice, which does no harm to those who look at what is there.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flows import listing, waiting
from flows.deliver import Delivered
from tasks import atomic

ACCEPTED = "hemaflow.delivery.accepted"
RESOURCE = "hemaflow.delivery"
OUTBOX = Path("data/.state/accepted")


def note(root: Path, delivered: Delivered, entry: Path | None = None) -> None:
    """Put the event of a delivery that is about to be accepted into the outbox; `entry` is what it is made from."""
    file = _place(root, delivered.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(file) as stream:
        stream.write(json.dumps({"entry": entry and str(entry.absolute()), **asdict(delivered)}).encode())


def is_noted(root: Path, name: str, entry: Path) -> bool:
    """Whether the outbox says that the delivery `name` was made from this entry."""
    file = _place(root, name)
    return file.exists() and json.loads(file.read_text())["entry"] == str(entry.absolute())


def noted(root: Path) -> list[str]:
    """Names of the deliveries whose events are in the outbox."""
    return sorted(file.stem for file in (root / OUTBOX).glob("[!.]*.json"))


def send(root: Path) -> Iterator[Delivered]:
    """Emit what the outbox holds; each whose event has arrived. Raises OSError where the API cannot be had.

    Holds the landing's lock: a note about what is not there is of a landing that was killed or undone, and is dropped.
    """
    with waiting.changing(root, "events"):
        there = {*waiting.names(root), *listing.names(root)}
        for name in noted(root):
            file = _place(root, name)
            if name in there:
                delivered = _read(file)
                accepted(delivered)
                yield delivered
            file.unlink()


def accepted(delivered: Delivered) -> None:
    """Emit the event of a delivery, with its counts; returns when Prefect's API has it. Raises OSError.

    By the API itself: Prefect's `emit_event` puts an event into a queue, which dies with the process and tells nobody
    that a server was away.
    """
    from httpx import HTTPError
    from prefect import get_client
    from prefect.events.schemas.events import Event
    from prefect.types._datetime import now

    resource = {"prefect.resource.id": f"{RESOURCE}.{delivered.name}", "prefect.resource.name": delivered.name}
    payload = {"name": delivered.name, "pictures": delivered.pictures, "classes": delivered.classes}
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


def _place(root: Path, name: str) -> Path:
    return root / OUTBOX / f"{name}.json"


def _read(file: Path) -> Delivered:
    facts = json.loads(file.read_text())
    del facts["entry"]
    return Delivered(**facts)
