"""A run's entries, one a stage."""

from typing import Any

Entry = dict[str, Any]
IDLE = ("skipped", "unchanged")
"""Outcomes of a stage about which nothing was done."""


def has_work(entry: Entry) -> bool:
    """Whether anything was done about the stage."""
    return entry["outcome"] not in IDLE


def added(entries: list[Entry], entry: Entry) -> list[Entry]:
    """The entries with one more. A stage that is looked at twice in a run is told of by what was done, if anything."""
    same = [one for one in entries if one["name"] == entry["name"]]
    if any(_rank(one) > _rank(entry) for one in same):
        return entries
    return [one for one in entries if one not in same or has_work(one)] + [entry]


def _rank(entry: Entry) -> int:
    return len(IDLE) if has_work(entry) else IDLE.index(entry["outcome"])
