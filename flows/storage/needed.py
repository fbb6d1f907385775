"""What a run needs that is not here: for a checkout that has little or nothing of the data, and a remote that has it.

An output that is merely absent makes no stage stale: what stage and output were is in dvc.lock. So a new delivery costs
a worker its own stages, and of the others only what the stages that run read. A folder that several stages write into
(`data/ingested`) is compared with dvc.lock by the lists of files of its absent parts, which are fetched for that.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.runner import Logger
from flows.stages import STAGES, Target
from flows.storage import dvc_repo, remote, traffic
from flows.storage.traffic import LOG

TOP = "dvc.yaml"


@dataclass(frozen=True)
class Lack:
    """Paths of outputs that a run needs and that are not in their place: `elsewhere`, or in DVC's cache."""

    elsewhere: tuple[str, ...]
    cached: tuple[str, ...]


def pull_needed(root: Path, target: Target = "card", *, log: Logger = LOG) -> str:
    """Bring what the stages up to `target` that have to run read, and what lies in the cache; say which.

    Does nothing without a remote. Raises what `remote.pull` raises.
    """
    url = remote.configured(root)
    brought: list[str] = []
    # More than once: only what is here can be compared with dvc.lock to the last.
    while url and (lack := lacking(root, target)) and set(lack.elsewhere + lack.cached) - set(brought):
        if lack.cached:
            traffic.run(root, ["checkout", *lack.cached], "the cache", 1, log)
        if lack.elsewhere:
            remote.pull(root, lack.elsewhere, log=log)
        brought += lack.elsewhere + lack.cached
    return f"brought here: {', '.join(sorted(brought))}" if brought else "nothing had to be brought here"


def lacking(root: Path, target: Target = "card") -> Lack:
    """What `pull_needed` would bring, as things stand."""
    with dvc_repo.opened(root) as repo:
        stale = _stale(repo, root, target)
        wanted = [stage for stage in repo.index.stages if stage.path_in_repo == TOP and _within(stage, target)]
        others = [stage for stage in repo.index.stages if stage not in stale]
        absent = [out for stage in others for out in stage.outs if _is_absent(out)]
        needed = set(_of(absent, stale))
        # What lies in the cache costs nothing to bring, and is missed by who looks for it.
        cached = {out for out in {*_of(absent, wanted), *needed} if not out.changed_cache()}
        cached |= {out for stage in wanted for out in stage.outs if out in absent and not out.changed_cache()}
        return Lack(_paths(root, needed - cached), _paths(root, cached))


def sift(repo: Any, status: Mapping[str, Any]) -> dict[str, Any]:
    """Of DVC's status, by stage, the stages that something is the matter with beyond that data are not here."""
    absent = [out for stage in repo.index.stages for out in stage.outs if _is_absent(out)]
    stages = {stage.addressing: stage for stage in repo.index.stages}
    return {name: said for name, said in status.items() if _is_changed(repo, stages[name], absent)}


def is_lean(repo: Any) -> bool:
    """Whether data that DVC knows are not in their place."""
    return any(_is_absent(out) for stage in repo.index.stages for out in stage.outs)


def _stale(repo: Any, root: Path, target: Target) -> set[Any]:
    """Stages up to the target that would run, with all below them."""
    from networkx import ancestors

    graph = repo.index.graph
    changed = sift(repo, repo.status([str(root / TOP)], with_deps=True))
    found = {stage for stage in graph if stage.addressing in changed}
    below = found.union(*(ancestors(graph, stage) for stage in found))
    return {stage for stage in below if _within(stage, target)}


def _is_absent(out: Any) -> bool:
    """Whether DVC knows the output's content, and nothing stands in its place."""
    return bool(out.use_cache and out.hash_info and not out.exists)


def _is_changed(repo: Any, stage: Any, absent: list[Any]) -> bool:
    if stage.changed_stage() or stage.is_callback or stage.always_changed:
        return True
    if any(out.status() for out in stage.outs if out not in absent):
        return True
    return any(dep.status() and not _is_as_recorded(repo, dep, absent) for dep in stage.deps)


def _is_as_recorded(repo: Any, dep: Any, absent: list[Any]) -> bool:
    """Whether a dependency, with what is absent in its place, is what it was when the stage ran."""
    parts = [out for out in absent if _touch(out.fs_path, dep.fs_path)]
    if not parts or not dep.hash_info:
        return False
    if parts[0].fs_path == dep.fs_path:
        return bool(parts[0].hash_info == dep.hash_info)
    return bool(_whole(repo, dep, parts) == dep.hash_info)


def _whole(repo: Any, dep: Any, parts: list[Any]) -> Any:
    """Hash of a folder with the absent outputs in their places; None where their lists of files cannot be had."""
    from dvc_data.hashfile.tree import Tree

    tree: Any = Tree()  # type: ignore[no-untyped-call]
    for key, meta, found in _present(repo, dep):
        tree.add(key, meta, found)
    for out in parts:
        files = out.get_dir_cache() if out.is_dir_checksum else None
        if files is None or not out.fs.isin(out.fs_path, dep.fs_path):
            return None
        for key, meta, found in files:
            tree.add((*out.fs.relparts(out.fs_path, dep.fs_path), *key), meta, found)
    tree.digest()
    return tree.hash_info


def _present(repo: Any, dep: Any) -> Iterator[Any]:
    """The files that are in the folder, with their hashes."""
    from dvc_data.hashfile.build import build

    if dep.exists:
        found: Any = build(dep.cache, dep.fs_path, dep.fs, dep.hash_name, ignore=repo.dvcignore, dry_run=True)[2]
        yield from found


def _of(outs: list[Any], stages: Iterable[Any]) -> list[Any]:
    """Those outputs that the stages read."""
    read = {dep.fs_path for stage in stages for dep in stage.deps}
    return [out for out in outs if any(_touch(out.fs_path, path) for path in read)]


def _within(stage: Any, target: str) -> bool:
    """Whether a stage comes no later than the target; a `.dvc` file comes before all."""
    return not stage.cmd or STAGES.index(stage.name.partition("@")[0]) <= STAGES.index(target)


def _touch(one: str, other: str) -> bool:
    """Whether one of two paths is the other, or lies in it."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _paths(root: Path, outs: set[Any]) -> tuple[str, ...]:
    return tuple(sorted(str(Path(out.fs_path).relative_to(root.resolve())) for out in outs))
