"""What a run needs that is not here: for a checkout that has little or nothing of the data, and a remote that has it.

An output that is merely absent makes no stage stale: what stage and output were is in dvc.lock. So a new delivery costs
a worker its own stages, and of the others only what the stages that run read. A folder that several stages write into
(`data/ingested`) is compared with dvc.lock by the lists of files of its absent parts, which are fetched for that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.process.follow import Logger
from operations.project import dvc_repo, graph
from operations.project.stages import LAST, Target
from operations.storage import remote, traffic
from operations.storage.traffic import LOG


@dataclass(frozen=True)
class Lack:
    """Paths of outputs that a run needs and that are not in their place: `elsewhere`, or in DVC's cache."""

    elsewhere: tuple[str, ...]
    cached: tuple[str, ...]


def pull_needed(root: Path, target: Target = LAST, *, log: Logger = LOG) -> str:
    """Bring what the stages up to `target` that have to run read, and what lies in the cache; say which.

    Does nothing without a remote. Raises what `remote.pull` raises.
    """
    return _bring(root, lambda: lacking(root, target), log)


def pull_read(root: Path, file: Path, name: str, *, log: Logger = LOG) -> str:
    """Bring what the stages `name@...` of another dvc.yaml than the project's read, as dvc.lock has it; say which.

    Does nothing without a remote. Raises what `remote.pull` raises.
    """

    def lack() -> Lack:
        with dvc_repo.opened(root) as repo:
            found = [stage for stage in repo.index.stages if stage.path_in_repo == str(file)]
            return _lack(root, _of(absent(repo), [each for each in found if each.name.partition("@")[0] == name]))

    return _bring(root, lack, log)


def bring(root: Path, paths: Iterable[Path], log: Logger = LOG) -> str:
    """Bring what DVC knows in or below these paths, the champion too; say which.

    Does nothing without a remote, nor for what never was. Raises what `remote.pull` raises.
    """

    def lack() -> Lack:
        with dvc_repo.opened(root) as repo:
            away = [out for out in repo.index.outs if _is_absent(out)]
            return _lack(
                root, [out for out in away if any(touch(out.fs_path, str((root / p).resolve())) for p in paths)]
            )

    return _bring(root, lack, log)


def lacking(root: Path, target: Target = LAST) -> Lack:
    """What `pull_needed` would bring, as things stand."""
    with dvc_repo.opened(root) as repo:
        away = absent(repo)
        stale = _stale(repo, root, target, away)
        wanted = {stage for stage in graph.stages(repo) if stage.cmd and graph.is_within(graph.name(stage), target)}
        missing = [out for out in away if out.stage not in stale]
        needed = set(_of(missing, stale))
        # What lies in the cache costs nothing to bring, and is missed by who looks for it.
        near = {out for out in missing if out.stage in wanted}.union(_of(missing, wanted))
        return _lack(root, needed | {out for out in near if not out.changed_cache()})


def sift(repo: Any, status: Mapping[str, Any], missing: list[Any]) -> dict[str, Any]:
    """Of DVC's status, by stage, the stages that something is the matter with beyond that outputs are `absent`."""
    stages = {stage.addressing: stage for stage in graph.stages(repo)}
    return {
        name: reasons for name, reasons in status.items() if name in stages and _is_changed(repo, stages[name], missing)
    }


def absent(repo: Any) -> list[Any]:
    """The pipeline's outputs that are merely not in their place. One that is nowhere has to be made again, so is none.

    A delivery counts whether or not the remote has it: nobody can make it again.
    """
    outs = [out for stage in graph.stages(repo) for out in stage.outs if _is_absent(out)]
    there = dvc_repo.on_remote(repo, {out.hash_info.value for out in outs if out.stage.cmd}) if outs else set()
    return [out for out in outs if not out.stage.cmd or out.hash_info.value in there or _is_cached(repo, out)]


def _bring(root: Path, lack: Callable[[], Lack], log: Logger) -> str:
    url = remote.configured(root)
    brought: list[str] = []
    # More than once: only what is here can be compared with dvc.lock to the last.
    while url and (found := lack()) and set(found.elsewhere + found.cached) - set(brought):
        if found.cached:
            traffic.run(root, ["checkout", *found.cached], "the cache", 1, log)
        if found.elsewhere:
            remote.pull(root, found.elsewhere, log=log)
        brought += found.elsewhere + found.cached
    return f"brought here: {', '.join(sorted(brought))}" if brought else "nothing had to be brought here"


def _lack(root: Path, outs: Iterable[Any]) -> Lack:
    parts: dict[bool, list[str]] = {True: [], False: []}
    for out in outs:
        parts[bool(out.changed_cache())].append(str(Path(out.fs_path).relative_to(root.resolve())))
    return Lack(tuple(sorted(parts[True])), tuple(sorted(parts[False])))


def _stale(repo: Any, root: Path, target: Target, missing: list[Any]) -> set[Any]:
    """Stages up to the target that would run, with all below them."""
    changed = sift(repo, graph.status(repo, root), missing)
    return {stage for stage in graph.with_dependents(repo, changed) if graph.is_within(graph.name(stage), target)}


def _is_absent(out: Any) -> bool:
    """Whether DVC knows the output's content, and nothing stands in its place."""
    return bool(out.use_cache and out.hash_info and not out.exists)


def _is_cached(repo: Any, out: Any) -> bool:
    """Whether DVC's cache has all of it. (DVC asks the remote for a list of files that is not here, and says so.)"""
    return bool(repo.cache.local.exists(out.hash_info.value) and not out.changed_cache())


def _is_changed(repo: Any, stage: Any, absent: list[Any]) -> bool:
    if stage.changed_stage() or stage.is_callback or stage.always_changed:
        return True
    if any(out.status() for out in stage.outs if out not in absent):
        return True
    return any(dep.status() and not _is_as_recorded(repo, dep, absent) for dep in stage.deps)


def _is_as_recorded(repo: Any, dep: Any, absent: list[Any]) -> bool:
    """Whether a dependency, with what is absent in its place, is what it was when the stage ran."""
    parts = [out for out in absent if touch(out.fs_path, dep.fs_path)]
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
    return [out for out in outs if any(touch(out.fs_path, path) for path in read)]


def touch(one: str, other: str) -> bool:
    """Whether one of two paths is the other, or lies in it."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
