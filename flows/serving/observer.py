"""Has `watch` run as soon as something lies complete in a landing folder, where the file system tells of it.

The look on an interval does not depend on it.
"""

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from operations.landing import folders, landing_zone

WAKE_SECONDS = 2.0
"""How often the folder itself is looked for, and by how much a change is noticed late where nothing tells of it."""

DEBOUNCE_MS, STEP_MS = 1000, 200
DEPLOYMENT = "watch/watch"


def observe(
    root: Path, folder: Path, trigger: Callable[[], object], stop: threading.Event, settle_seconds: float
) -> None:
    """Call `trigger` when entries of the folder have become complete, soon after it, until `stop` is set.

    A marked entry is noticed as its mark comes, one without as it has settled; while a copy goes on nothing is called,
    and what was told of is not told of again. It waits for a folder that is missing or not the project's, also when it
    went away or another took its place. Where `trigger` raises an OSError it is called again. Where the file system
    tells nothing (no inotify, or a folder of the network), it is asked.
    """
    observer = _Observer(folder, trigger, settle_seconds)
    for changed in _wakes(root, folder, stop):
        # Gone or closed for now; the thread has to live on.
        with suppress(OSError):
            observer.wake(changed)


class _Observer:
    """What was told of, and when an entry without a mark may have settled."""

    def __init__(self, folder: Path, trigger: Callable[[], object], settle_seconds: float):
        self.folder, self.trigger, self.settle_seconds = folder, trigger, settle_seconds
        self.announced: dict[Path, landing_zone.Stamp | None] = {}
        self.seen: list[Path] = []
        self.due = 0.0

    def wake(self, changed: bool) -> None:
        """Look at the marks where something changed, and at the entries themselves once it is time for that."""
        entries, now = landing_zone.entries(self.folder), time.monotonic()
        if changed or entries != self.seen:
            self.seen, self.due = entries, min(self.due, now + self.settle_seconds)
        elif now < self.due:
            return
        settle_seconds = self.settle_seconds if now >= self.due else math.inf
        try:
            self.tell(landing_zone.complete(self.folder, settle_seconds))
        except OSError:
            self.due = now  # so that the next wake tries again
            raise
        if now >= self.due:
            waits = set(entries) - set(self.announced)
            self.due = now + max(self.settle_seconds / 4, WAKE_SECONDS) if waits else math.inf

    def tell(self, complete: list[Path]) -> None:
        """Call the trigger if an entry is complete that was not told of, or is another by now."""
        self.announced = {entry: stamp for entry, stamp in self.announced.items() if os.path.lexists(entry)}
        stamps = {entry: landing_zone.stamp(entry) for entry in complete}
        if any(self.announced.get(entry) != stamp for entry, stamp in stamps.items()):
            self.trigger()
            self.announced.update(stamps)


def trigger_watch() -> None:
    """Create a run of the deployment `watch`. Raises OSError where the server is away, or has no such deployment."""
    from httpx import HTTPError
    from prefect import get_client
    from prefect.exceptions import PrefectException

    try:
        with get_client(sync_client=True) as client:
            deployment = client.read_deployment_by_name(DEPLOYMENT)
            client.create_flow_run_from_deployment(deployment.id)
    except (HTTPError, PrefectException) as error:
        raise OSError(f"no run of {DEPLOYMENT} could be made: {type(error).__name__}: {error}") from error


def _wakes(root: Path, folder: Path, stop: threading.Event) -> Iterator[bool]:
    """Every WAKE_SECONDS, and soon after a change, of which True tells, the first time and after doubt too."""
    while not stop.is_set():
        try:
            folders.check(root, folder)
            yield True
            yield from _changes(folder, stop)
        except (OSError, RuntimeError, ValueError):  # no inotify, none left, or no folder to be had
            stop.wait(WAKE_SECONDS)


def _changes(folder: Path, stop: threading.Event) -> Iterator[bool]:
    """As `_wakes`, until another folder stands there."""
    from watchfiles import watch

    def identity() -> tuple[int, int] | None:
        return (found.st_dev, found.st_ino) if folder.is_dir() and (found := folder.stat()) else None

    before = identity()
    changes = watch(
        folder,
        watch_filter=None,
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        rust_timeout=int(WAKE_SECONDS * 1000),
        stop_event=stop,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    for change in changes:
        yield bool(change)
        if identity() != before:
            return
