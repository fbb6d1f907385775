"""What of the project's data the remote has, object by object.

DVC's own commands take a folder's files for present where its list of files is, so a remote that lost one of them is
up to date for them.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.git import repository
from operations.project import dvc_repo, listing
from operations.project.champion_names import FOLDER, POINTER, TAGS

NONE = "there is no remote: hemaflow remote add PATH, or s3://BUCKET/PREFIX"
WHOLE = "whole"
SHOWN = 5
"""Names that are told."""
PATIENCE = {"connect_timeout": 5, "read_timeout": 20}
"""Seconds for a bucket to answer where nobody waits for the data itself."""


@dataclass(frozen=True)
class Standing:
    """Files of a folder, or of a champion, by where they are: here alone, and neither here nor on the remote."""

    what: str
    alone: int
    lost: int

    def __str__(self) -> str:
        """In words."""
        counts = {"here alone": self.alone, "neither here nor there": self.lost}
        return f"{self.what}: {', '.join(f'{count} files {where}' for where, count in counts.items() if count)}"


def not_backed_up(root: Path) -> list[str]:
    """What exists here alone, a line each; empty where the remote has it all. A remote that does not answer is a line.

    Looks at each object, so it takes some seconds with a bucket of many thousands.
    """
    url = dvc_repo.remote_url(root)
    if url is None:
        return [NONE, *_at_stake(root)]
    if not dvc_repo.is_there(url):
        return [f"{url} is not there: is it mounted?"]
    try:
        return [str(each) for each in _standing(root, url) if each.alone or each.lost]
    except Exception as error:  # of as many kinds as there are services
        return [f"{url} cannot be asked: {' '.join(str(error).split())}"]


def spoilt(root: Path, targets: Sequence[str]) -> list[str]:
    """Files of the targets that could not be fetched: what is wrong with each on the remote, the first few."""
    with suppress(Exception), dvc_repo.opened(root) as repo:
        cache, remote = repo.cache.local, repo.cloud.get_remote_odb()
        wanted = _named(repo, root, targets)
        here = set(cache.oids_exist(wanted))
        there = set(remote.oids_exist(wanted.keys() - here))
        words = {True: "is damaged there", False: "is missing there"}
        lacking = sorted((name, value) for value, name in wanted.items() if value not in here)
        found = [f"{name} {words[value in there]} ({remote.oid_to_path(value)})" for name, value in lacking]
        return found[:SHOWN] + ([f"{len(found) - SHOWN} more"] if len(found) > SHOWN else [])
    return []


def push_exactly(root: Path, whole: bool) -> int:
    """Copy to the remote what it lacks of all tags' champions, and where `whole` of the workspace; how many files.

    Object by object, and by the remote of today, as `dvc push --all-tags` does not (`dvc_repo.present_remote`). Raises
    what DVC does, OSError for some that failed.
    """
    with dvc_repo.opened(root, dvc_repo.present_remote(root)) as repo:
        used = {each for out in repo.index.outs if whole for each in _hashes(out)}
        used |= {each for _, out in _of_champions(repo, tags(root)) for each in _hashes(out)}
        cache = repo.cache.local
        done = repo.cloud.transfer(cache, repo.cloud.get_remote_odb(), used, cache_odb=cache)
    if done.failed:
        raise OSError(f"{len(done.failed)} files failed to upload")
    return len(done.transferred)


def tags(root: Path) -> list[str]:
    """Champions' tags; none without git."""
    with suppress(OSError):
        return repository.tags(root, TAGS)
    return []


def _named(repo: Any, root: Path, targets: Sequence[str]) -> dict[str, str]:
    """Path of each object of the targets, by its hash."""
    found = {}
    for out in repo.index.outs:
        path = str(Path(out.fs_path).relative_to(root.resolve()))
        names = {path, out.stage.path_in_repo, out.stage.addressing, getattr(out.stage, "name", path)}
        if not targets or names & set(targets):
            for each in _hashes(out):
                found[each.value] = path + str(each.obj_name or "").removeprefix(str(out))
    return found


def _at_stake(root: Path) -> Iterator[str]:
    """Without a remote: what nobody can make again."""
    own = [name for name in listing.everything(root) if name not in listing.drawn(root)]
    if own:
        yield f"deliveries that are here alone: {', '.join(own)}"
    if champions := tags(root):
        yield f"champions that are here alone: {', '.join(champions)}"
    elif (root / "data/model").is_dir():
        yield "the model in data/model is here alone"


def _standing(root: Path, url: str) -> list[Standing]:
    """Of each folder of outputs, and of each champion."""
    patience = PATIENCE if url.startswith("s3://") else {}
    with dvc_repo.opened(root, dvc_repo.present_remote(root, **patience)) as repo:
        cache, remote = repo.cache.local, repo.cloud.get_remote_odb()
        champions = _champions(repo, tags(root))
        named = {**_outputs(repo, root), **champions}
        if champions:
            named.pop(str(FOLDER), None)
        every = {value for values in named.values() for value in values}
        there = set(remote.oids_exist(every)) if every else set()
        absent = every - there
        here = set(cache.oids_exist(absent)) if absent else set()
    return [Standing(what, _files(ids & here - there), _files(ids - here - there)) for what, ids in named.items()]


def _outputs(repo: Any, root: Path) -> dict[str, set[str]]:
    """Hashes of the objects of the workspace, by folder, as `data/raw`."""
    found: dict[str, set[str]] = {}
    for out in repo.index.outs:
        what = "/".join(Path(out.fs_path).relative_to(root.resolve()).parts[:2])
        found.setdefault(what, set()).update(_objects(out))
    return found


def _champions(repo: Any, names: Sequence[str]) -> dict[str, set[str]]:
    """Hashes of the objects of each champion."""
    return {name: set(_objects(out)) for name, out in _of_champions(repo, names)}


def _of_champions(repo: Any, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """The champion's output in each revision, while DVC stands there."""
    for name in repo.brancher(revs=names) if names else ():
        for out in repo.index.outs:
            if name != "workspace" and out.stage.path_in_repo == str(POINTER):
                yield name, out


def _objects(out: Any) -> set[str]:
    """The list of a folder's files alone, where it cannot be had."""
    known = out.use_cache and out.hash_info
    return {each.value for each in _hashes(out)} or ({out.hash_info.value} if known else set())


def _hashes(out: Any) -> set[Any]:
    """DVC's names of an output's objects; none where its stage never ran, or its list of files cannot be had."""
    return set(out.get_used_objs(force=True).get(None, ())) if out.use_cache and out.hash_info else set()


def _files(ids: set[str]) -> int:
    """How many files; a list of files counts as one where it is all that there is."""
    return len([value for value in ids if not value.endswith(".dir")]) or len(ids)


def main() -> None:
    """`push_exactly`, `whole` where it is given, told as DVC tells of a push, so that `traffic` understands it."""
    from dvc.logger import setup

    setup()
    try:
        print(f"{push_exactly(Path.cwd(), WHOLE in sys.argv)} files pushed")
    except Exception as error:
        sys.exit(f"ERROR: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
