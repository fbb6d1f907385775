"""Deliveries that were accepted and are not listed yet: `data/waiting/NAME/`, their content and the facts about it.

A training holds the project's lock for as long as it takes. What only adds to what waits needs another one, the
landing's, so a delivery is accepted or refused at once, whatever runs; `admission` has it join the next run.
Whoever takes both takes the project's first.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from operations.process import lock
from tasks import atomic
from tasks.delivery import record
from tasks.delivery.intake import Intake

FOLDER = Path("data/waiting")
CONTENT, FACTS, EXTERNAL = "content", "facts.json", "external"

_one_at_a_time = threading.RLock()
"""A lock counts for the whole process, so threads of one flow need this."""


@contextmanager
def changing(root: Path, command: str) -> Iterator[None]:
    """Hold the landing's lock; `command` tells those who wait what they wait for."""
    with lock.held(root, command, lock.LANDING), _one_at_a_time:
        yield


def names(root: Path) -> list[str]:
    """What waits, in the order in which it was accepted. Needs no lock."""
    found = []
    for file in (root / FOLDER).glob(f"[!.]*/{FACTS}"):
        with suppress(FileNotFoundError):  # listed or removed meanwhile
            found.append((_facts(file.parent)["accepted"], file.parent.name))
    return [name for _, name in sorted(found)]


def read(root: Path, name: str) -> Intake:
    """A delivery that waits. Its `folder` is missing where a killed admission has moved it on.

    Raises ValueError for one that was accepted by an older version.
    """
    facts = _facts(place(root, name))
    if "record" not in facts:
        raise ValueError(
            f"{name!r} waits since before there were records of deliveries: `hemaflow remove {name}`, then add it again"
        )
    for own in ("accepted", EXTERNAL):
        facts.pop(own, None)
    return Intake(place(root, name) / CONTENT, **{**facts, "record": record.parsed(facts["record"])})


def is_external(root: Path, name: str) -> bool:
    """Whether a delivery that waits is to be an external one."""
    return bool(_facts(place(root, name)).get(EXTERNAL))


def put(root: Path, name: str, taken: Intake, staging: Path, external: bool = False) -> None:
    """Have a checked delivery wait, at once; `staging` is on the data's file system. Hold the landing's lock."""
    made = staging / "accepted"
    made.mkdir()
    taken.folder.rename(made / CONTENT)
    facts = {**taken._asdict(), "record": taken.record.model_dump(), "accepted": time.time_ns(), EXTERNAL: external}
    del facts["folder"], facts["told"]
    with atomic.replacing(made / FACTS) as stream:
        stream.write(json.dumps(facts).encode())
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    made.rename(place(root, name))


def place(root: Path, name: str) -> Path:
    """Where a delivery waits."""
    return root / FOLDER / name


def _facts(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / FACTS).read_text()))
