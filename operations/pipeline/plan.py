"""What there is to do: which stages DVC would have to look at, and what dvc.lock says of the others."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import yaml

from operations.pipeline import needed
from operations.project import dvc_repo, graph, listing
from operations.project.records import check as check_records
from operations.project.stages import LAST, Target

TOP = graph.TOP
LOCK = Path("dvc.lock")
WRITE_SECONDS = 30.0
"""How long DVC may take to write it."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads a lock of many deliveries ten times as fast as Python's own."""

Entry = dict[str, Any]
"""Of dvc.lock: a stage's `cmd`, `deps`, `params` and `outs`."""

Status = dict[str, list[Any]]
"""By stage, what DVC says: `[{"changed deps": {"data/raw": "modified"}}, {"changed outs": ...}, "changed command"]`."""


@dataclass(frozen=True)
class Record:
    """What dvc.lock says of a stage: its first output and that output's hash."""

    path: str
    hash: str


class Plan:
    """A run to be: the deliveries, the stages that need a look by DVC, and the last stage that is wanted.

    Not a dataclass: Prefect searches the fields of one for futures, for each task that it is given to, which took a
    second with 50 deliveries.
    """

    def __init__(self, root: Path, target: Target, changed: set[str], status: Status, lean: bool = False):
        self.root, self.target, self.stale, self.status = root, target, frozenset(changed), status
        self.lean = lean  # whether data are not here that the remote has
        self.deliveries, self.drawn, self.external = listing.names(root), listing.drawn(root), listing.external(root)
        self.entries = entries(root)
        self.records = records_of(self.entries)

    def wants(self, stage: str) -> bool:
        """Whether `stage` (`dedupe`, `ingest@demo`) comes no later than the target."""
        return graph.is_within(stage, self.target)


def plan(root: Path, target: Target = LAST) -> Plan:
    """Look at the project below `root` and change nothing.

    Raises ValueError for what DVC would not repair: a broken dvc.yaml, a delivery that was edited or removed by hand,
    or has no record.
    """
    check_records(root)
    found, lean = _look(root)
    changed = {name for name in found if graph.is_within(name, target)}
    edited = sorted(name for name in changed if name.endswith(".dvc"))
    if edited:
        path = edited[0].removesuffix(".dvc")
        raise ValueError(
            f"{path} is not as it was delivered: `dvc checkout {edited[0]}` brings it back, "
            f"`dvc commit {edited[0]}` takes it as it is now"
        )
    return Plan(root, target, changed, found, lean)


def stale(root: Path) -> set[str]:
    """Names of the stages that are not up to date, with all below them; of `.dvc` files too."""
    return set(status(root))


def status(root: Path) -> Status:
    """The stages that are not up to date, with all below them, `.dvc` files too, and what DVC says of each.

    Not up to date is a stage that never ran, whose command, settings, inputs or code changed, or whose output was
    changed, removed, or is gone from the cache; where there is a remote, what is merely not here does not count
    (`needed`). A `.dvc` file that no stage reads from is left out, and so are the stages of any other dvc.yaml than the
    project's.
    """
    return _look(root)[0]


def _look(root: Path) -> tuple[Status, bool]:
    """The same, and whether data are not here that the remote has."""
    with dvc_repo.opened(root) as repo:
        changed = graph.status(repo, root)
        away = needed.absent(repo) if repo.config["core"].get("remote") else []
        if away:
            changed = needed.sift(repo, changed, away)
        found = graph.with_dependents(repo, changed)
        return {graph.name(stage): list(changed.get(stage.addressing, ())) for stage in found}, bool(away)


def stale_of(root: Path, file: Path) -> set[str]:
    """Names, without `file`, of the stages of that dvc.yaml that are not up to date with their inputs as they are."""
    with dvc_repo.opened(root) as repo:
        changed = repo.status([str(root / file)])
        stages = [stage for stage in repo.index.stages if stage.path_in_repo == str(file)]
        return {stage.name for stage in stages if stage.addressing in changed}


def entries(root: Path, lock: Path = LOCK) -> dict[str, Entry]:
    """What dvc.lock holds, by stage: its command, deps, params and outs; empty before the first run."""
    file = root / lock
    document = yaml.load(file.read_bytes(), Loader=LOADER) if file.exists() else {}
    stages = document.get("stages") if isinstance(document, dict) else {}
    return stages if isinstance(stages, dict) else {}


def written(root: Path, name: str, lock: Path = LOCK) -> Entry:
    """The entry of a stage that DVC has just brought up to date.

    DVC writes the file in place, not at once, and another stage may be ending now: so until the entry is whole. Raises
    ValueError where it does not become so.
    """
    until = time.monotonic() + WRITE_SECONDS
    while True:
        with suppress(yaml.YAMLError):
            entry = entries(root, lock).get(name)
            if _is_whole(entry):
                return entry
        if time.monotonic() > until:
            raise ValueError(f"{lock}: expected a whole entry of {name}, which DVC has brought up to date")
        time.sleep(0.05)


def records(root: Path) -> dict[str, Record]:
    """First output and its hash of each stage in dvc.lock; empty before the first run."""
    return records_of(entries(root))


def records_of(stages: Mapping[str, Mapping[str, Any]]) -> dict[str, Record]:
    """The same, of entries that were read."""
    return {name: record_of(stage) for name, stage in stages.items() if stage.get("outs")}


def record_of(stage: Mapping[str, Any]) -> Record:
    """The same, of one entry."""
    first = stage["outs"][0]
    return Record(first["path"], first.get("md5", ""))


def _is_whole(entry: object) -> TypeGuard[Entry]:
    """Whether it goes on to its outputs, which come last, and to their sizes, which come after the hashes."""
    outs = entry.get("outs") or [None] if isinstance(entry, dict) else [None]
    return all(isinstance(out, dict) and "md5" in out and "size" in out for out in outs)
