"""What there is to do: which stages DVC would have to look at, and what dvc.lock says of the others."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from flows import listing
from flows.stages import STAGES, Target

TOP = "dvc.yaml"


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

    def __init__(self, root: Path, target: Target, changed: set[str]):
        self.root, self.target, self.stale = root, target, frozenset(changed)
        self.deliveries, self.drawn = listing.names(root), listing.drawn(root)
        self.records = records(root)

    def wants(self, stage: str) -> bool:
        """Whether `stage` (`dedupe`, `ingest@demo`) comes no later than the target."""
        return _position(stage) <= _position(self.target)


def plan(root: Path, target: Target = "card") -> Plan:
    """Look at the project below `root` and change nothing.

    Raises ValueError for what DVC would not repair: a broken dvc.yaml, a delivery that was edited or removed by hand.
    """
    changed = {name for name in stale(root) if _position(name) <= _position(target)}
    edited = sorted(name for name in changed if name.endswith(".dvc"))
    if edited:
        path = edited[0].removesuffix(".dvc")
        raise ValueError(
            f"{path} is not as it was delivered: `dvc checkout {edited[0]}` brings it back, "
            f"`dvc commit {edited[0]}` takes it as it is now"
        )
    return Plan(root, target, changed)


def stale(root: Path) -> set[str]:
    """Names of the stages that are not up to date, with all below them; of `.dvc` files too.

    Not up to date is a stage that never ran, whose command, settings, inputs or code changed, or whose output was
    changed, removed, or is gone from the cache. A `.dvc` file that no stage reads from is left out, and so are the
    stages of any other dvc.yaml than the project's.
    """
    from networkx import ancestors

    with _opened(root) as repo:
        changed = repo.status([str(root / TOP)], with_deps=True)
        graph = repo.index.graph
        below = {stage: ancestors(graph, stage) for stage in graph}  # an edge goes from a stage to what it reads
        matter = [stage for stage in graph if stage.addressing in changed]
        found = set(matter).union(*(below[stage] for stage in matter))
        return {_name(stage) for stage in found if stage.path_in_repo == TOP or not stage.cmd}


def stale_of(root: Path, file: Path) -> set[str]:
    """Names, without `file`, of the stages of that dvc.yaml that are not up to date with their inputs as they are."""
    with _opened(root) as repo:
        changed = repo.status([str(root / file)])
        stages = [stage for stage in repo.index.stages if stage.path_in_repo == str(file)]
        return {stage.name for stage in stages if stage.addressing in changed}


def records(root: Path) -> dict[str, Record]:
    """What dvc.lock holds, by stage; empty before the first run."""
    file = root / "dvc.lock"
    if not file.exists():
        return {}
    stages = yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)).get("stages") or {}
    return {name: _record(stage["outs"]) for name, stage in stages.items() if stage.get("outs")}


@contextmanager
def _opened(root: Path) -> Iterator[Any]:
    """DVC's view of the project, in one lock, since DVC reads dvc.yaml anew with each that it takes."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo, lock_repo

    try:
        with Repo(str(root), _wait_for_lock=True) as repo, lock_repo(repo):
            yield repo
    except DvcException as error:
        raise ValueError(f"dvc: {error}") from error


def _name(stage: Any) -> str:
    """The stage's name as in the project's dvc.yaml, the path of a `.dvc` file.

    (DVC's `addressing` depends on the folder that one stands in.)
    """
    return str(stage.name if stage.path_in_repo == TOP else stage.path_in_repo)


def _record(outs: Iterable[dict[str, Any]]) -> Record:
    first = next(iter(outs))
    return Record(first["path"], first.get("md5", ""))


def _position(stage: str) -> int:
    """Place in STAGES; that of a `.dvc` file is the first, since deliveries feed everything."""
    key = stage.partition("@")[0]
    return STAGES.index(key) if key in STAGES else 0
