"""The outbox of the event that a delivery was accepted (`flows.events`).

A landing notes it in an outbox below data/.state before it accepts the delivery, and takes the note away once it
is confirmed. So a crash, or a server that is away, delays an event and never loses it; after a crash it
may come twice, which does no harm to those who look at what is there.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from operations.deliveries import waiting
from operations.deliveries.add_remove import Added
from operations.project import listing
from tasks import atomic

OUTBOX = Path("data/.state/accepted")


def note(root: Path, delivered: Added, entry: Path | None = None) -> None:
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


def send(root: Path, emit: Callable[[Added], None]) -> Iterator[Added]:
    """Emit what the outbox holds; each whose event has arrived. Raises what `emit` raises.

    Holds the landing's lock: a note about what is not there is of a landing that was killed or undone, and is dropped.
    """
    with waiting.changing(root, "events"):
        there = {*waiting.names(root), *listing.names(root)}
        for name in noted(root):
            file = _place(root, name)
            if name in there:
                delivered = _read(file)
                emit(delivered)
                yield delivered
            file.unlink()


def _place(root: Path, name: str) -> Path:
    return root / OUTBOX / f"{name}.json"


def _read(file: Path) -> Added:
    facts = json.loads(file.read_text())
    del facts["entry"]
    return Added(**{**facts, "told": tuple(facts.get("told", ()))})  # JSON has no tuples, and older ones have none
