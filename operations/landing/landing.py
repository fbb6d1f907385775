"""Lands an entry of a landing folder: it becomes a delivery, or it goes to the quarantine, and then it is gone there.

All of that needs the landing's lock alone, so it is done at once, whatever runs. The delivery waits then
(`operations.deliveries.waiting`), and is listed where the project's lock is free, else by whoever has it next.

A crash at any point neither loses nor doubles a delivery. The entry stays in its folder until the delivery waits, and a
note (`outbox`), written before, says which entry the delivery was made from. So a landing that finds the content
accepted can tell an entry that a killed landing could not clear away, which goes, from content that came again, which
goes to the quarantine.

Nothing here imports Prefect.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from operations.deliveries import add_remove, admission, staging, waiting
from operations.deliveries.add_remove import NO_FAULT_OF_THE_CONTENT, Added, RefusedError
from operations.landing import folders, landing_zone, outbox, quarantine
from operations.process import lock
from tasks.delivery import names

Made = TypeVar("Made")


class Outcome(StrEnum):
    """What became of an entry, by the name of the state in which its task ends."""

    ACCEPTED = "Completed"
    KNOWN = "Known"
    QUARANTINED = "Quarantined"
    CHANGED = "Changed"
    GONE = "Gone"
    STUCK = "Stuck"


@dataclass(frozen=True)
class Landed:
    """An entry after a look at it, and what to tell a person; `delivered` where it was ACCEPTED."""

    outcome: Outcome
    message: str
    delivered: Added | None = None


class ChangedError(Exception):
    """The entry changed while it was taken in."""


def is_due(root: Path, folders: Sequence[Path], settle_seconds: float) -> bool:
    """Whether there is anything for a look to do."""
    left: list[object] = [*outbox.noted(root), *(waiting.names(root) if lock.holder(root) is None else [])]
    for folder in folders:
        left += [
            *landing_zone.leftovers(folder),
            *quarantine.leftovers(folder),
            *landing_zone.complete(folder, settle_seconds),
        ]
    return bool(left)


def look(
    root: Path,
    folders: Sequence[Path],
    settle_seconds: float,
    each: Callable[[Path], Made],
    send: Callable[[], object],
) -> list[Made]:
    """Call `each`, which lands an entry, for every complete entry, and then `send`; what `each` returned.

    Holds the landing's lock; finishes what a killed look began; takes what becomes complete meanwhile too. Then lists
    what waits, if the project's lock is free, and looks again after each delivery: DVC takes seconds for one.
    """
    made: dict[Path, Made] = {}

    def land_complete() -> None:
        with waiting.changing(root, "watch"):
            while fresh := [entry for entry in _complete(folders, settle_seconds) if entry not in made]:
                for entry in fresh:
                    made[entry] = each(entry)
            send()

    with waiting.changing(root, "watch"):
        staging.clear(root)
        for folder in folders:
            landing_zone.clear(folder)
            quarantine.clear(folder)
        land_complete()
    admission.admit_if_free(root, "watch", land_complete)
    return list(made.values())


def _complete(folders: Sequence[Path], settle_seconds: float) -> list[Path]:
    return [entry for folder in folders for entry in landing_zone.complete(folder, settle_seconds)]


def land(root: Path, entry: Path) -> Landed:
    """Take a complete entry in, under the landing's lock.

    ACCEPTED: it is a delivery that waits now, named after the entry, with a number where other content has that name.
    KNOWN: its content is here already; QUARANTINED: it is at fault; both lie in the quarantine then. CHANGED, GONE:
    somebody is working on it, so it is for another look. STUCK: it is none, and cannot be moved.

    Raises ValueError or OSError for what is no fault of the entry; it lies where it lay then.
    """
    landing_zone.lift_mark(entry)
    before = landing_zone.stamp(entry)
    try:
        delivered = _delivered(root, entry, before)
    except (RefusedError, ChangedError) as error:
        if not os.path.lexists(entry):
            return Landed(Outcome.GONE, "went away while it was looked at")
        if before is None or landing_zone.stamp(entry) != before:
            return Landed(Outcome.CHANGED, "changed while it was looked at")
        return _put_aside(root, entry, Outcome.QUARANTINED, str(error))
    if delivered.new or outbox.is_noted(root, delivered.name, entry):
        delivered = replace(delivered, new=True)
        return Landed(Outcome.ACCEPTED, f"{_what(delivered)}{_cleared(entry, before)}", delivered)
    return _put_aside(root, entry, Outcome.KNOWN, str(delivered))


def _delivered(root: Path, entry: Path, before: landing_zone.Stamp | None) -> Added:
    def about_to_accept(delivered: Added) -> None:
        if landing_zone.stamp(entry) != before:
            raise ChangedError
        outbox.note(root, delivered, entry)

    return add_remove.accept(root, entry, _name(entry), numbered=True, before_accepting=about_to_accept)


def _name(entry: Path) -> str:
    if entry.is_symlink():
        raise RefusedError(f"{entry.name!r} is a link to {str(entry.readlink())!r}, expected a file or folder itself")
    try:
        name = names.default(entry)
        names.check(name)
    except ValueError as error:
        raise RefusedError(f"{entry.name!r} has to be renamed, since no delivery can be called so: {error}") from error
    return name


def _cleared(entry: Path, before: landing_zone.Stamp | None) -> str:
    """Take the entry of an accepted delivery away; what hinders that, as a text for a person."""
    if landing_zone.stamp(entry) != before:
        return "; the entry has changed since, so it stays"
    try:
        landing_zone.remove(entry)
    except OSError as error:
        return _plain(f"; it cannot be moved away: {error}")
    return ""


def _put_aside(root: Path, entry: Path, outcome: Outcome, reason: str) -> Landed:
    try:
        place = quarantine.put_aside(entry, reason, outcome)
    except OSError as error:
        if error.errno in NO_FAULT_OF_THE_CONTENT:
            raise
        return Landed(Outcome.STUCK, _plain(f"{reason}; it cannot be put aside: {error}"))
    return Landed(outcome, _plain(f"{reason}; it lies in {folders.shown(root, place)} now"))


def _what(delivered: Added) -> str:
    return "; ".join([str(delivered).partition("\n")[0], *delivered.told])


def _plain(text: str) -> str:
    """Text that can be sent, whatever bytes the paths in it are made of."""
    return text.encode(errors="backslashreplace").decode()
