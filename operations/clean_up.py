"""Frees the disk of what neither the workspace, nor HEAD, nor any champion needs.

Of a champion's commit all data stay, not its folder alone, so that its training can be gone through again. DVC's own
`dvc gc` takes one revision or every tag, keeps its notes of runs whose outputs it removes, and tells no size.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from operations.experiments.saved import experiments
from operations.git import git, repository
from operations.process import lock
from operations.project import dvc_repo
from operations.project.champion_names import FOLDER, POINTER, TAGS
from operations.registry import switch
from operations.registry.champion_record import current

STATE = Path("data/.state")
DAYS = 14
"""Days until what is transient counts as forgotten; twice as long as a promotion may wait for a person."""
FORGOTTEN = {
    STATE / "candidates/*": "candidates",
    STATE / "train-*": "unfinished trainings",
    STATE / "study-*": "unfinished trainings",
    FOLDER / "*": "former champions' folders",
}
SERVER_LOG, LOG_BYTES = STATE / "prefect/server.log", 10_000_000
"""Of a longer log of Prefect's server, the end stays."""


@dataclass
class Found:
    """What there is to remove: how many of each kind, and bytes."""

    bytes: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, size: int) -> None:
        """One more."""
        self.counts[what] = self.counts.get(what, 0) + 1
        self.bytes += size

    def __str__(self) -> str:
        """In words."""
        return ", ".join(f"{count} {what}" for what, count in self.counts.items()) or "nothing"


def clean_up(root: Path, dry: bool = False, cloud: bool = False) -> str:
    """Remove from DVC's cache what neither workspace, HEAD nor any champion's commit names, and forgotten states.

    `dry` only tells. `cloud` removes from the remote too what no branch and no tag names, here or in git's `origin`.
    Waits for the project's lock. Raises ValueError, and removes nothing, where it cannot be told what champions need:
    a shallow clone, tags that are not here.
    """
    with lock.held(root, "clean-up"):
        switch.recover(root)
        champions = _champions(root)
        saved = [one.sha for one in experiments(root)]
        kept = [*(_every_revision(root) if cloud else [*champions, *_head(root)]), *saved]
        found = Found()
        _sweep_cache(root, kept, found, dry, cloud)
        _sweep_state(root, found, dry)
        _cut_log(root, found, dry)
    named = ", ".join(champions) or "no champion, since there is none"
    done = "would free" if dry else "freed"
    return f"{done} {found.bytes / 1e6:.1f} MB: {found}. Kept: the workspace, HEAD and {named}"


def _champions(root: Path) -> list[str]:
    """Their tags. Raises ValueError where they cannot be all."""
    here = git.succeeds(root, "rev-parse", "--git-dir")
    if here and git.line(root, "rev-parse", "--is-shallow-repository") == "true":
        raise ValueError("this clone is shallow, so champions may be missing: `git fetch --unshallow --tags` first")
    tags = repository.tags(root, TAGS) if here else []
    now = current(root)
    wanted = [tag for tag in ([now.tag, now.replaced] if now else []) if tag and tag not in tags]
    if wanted:
        raise ValueError(f"git has no tag {wanted[0]}, which {POINTER} names: `git fetch --tags` first")
    for tag in tags:
        if repository.show(root, tag, POINTER) is None:
            raise ValueError(f"{POINTER} is not in the commit of {tag}, so it cannot be told what that champion needs")
    return tags


def _head(root: Path) -> list[str]:
    return ["HEAD"] if git.succeeds(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") else []


def _every_revision(root: Path) -> list[str]:
    """Tips of all branches, and all tags. Raises ValueError where `origin` has some that are not here."""
    if "origin" in git.line(root, "remote").split():
        for line in git.line(root, "ls-remote", "--heads", "--tags", "origin").splitlines():
            sha, name = line.split("\t")
            if not git.succeeds(root, "cat-file", "-e", sha):
                raise ValueError(f"origin has {name}, which is not here and may need the remote: `git fetch --tags`")
    refs = git.line(root, "for-each-ref", "--format=%(objectname)", "refs/heads", "refs/tags", "refs/remotes")
    return [*dict.fromkeys(refs.split()), *_head(root)]


def _sweep_cache(root: Path, revisions: list[str], found: Found, dry: bool, cloud: bool) -> None:
    from dvc_data.hashfile.gc import gc

    # Without the remote, DVC asks it for each list of files that is not here, and what is not here needs no keeping.
    with dvc_repo.opened(root, dvc_repo.present_remote(root) if cloud else dvc_repo.NO_REMOTE) as repo:
        used, unknown = _used(repo, revisions)
        if cloud:
            _check_known(repo, unknown)
        cache, values = repo.cache.local, {each.value for each in used}
        garbage = {value for value in cache.all() if value not in values}
        for value in garbage:
            found.add("objects of DVC's cache", Path(cache.oid_to_path(value)).stat().st_size)
        # The notes first: where this is killed, none is left that nobody would look for again.
        _sweep_notes(Path(repo.stage_cache.cache_dir), garbage, found, dry)
        if not dry:
            gc(cache, used)
        if cloud:
            _sweep_remote(repo, used, found, dry)


def _used(repo: Any, revisions: list[str]) -> tuple[set[Any], dict[str, str]]:
    """Objects of the workspace and the revisions; lists of files that could not be had, by hash, and of what."""
    used: set[Any] = set()
    unknown: dict[str, str] = {}
    for _ in repo.brancher(revs=revisions):
        for out in repo.index.outs:
            if out.use_cache and out.hash_info:  # else its stage never ran
                objects = out.get_used_objs(force=True).get(None, set())
                used |= objects
                unknown |= {} if objects else {out.hash_info.value: str(out)}
    return used, unknown


def _sweep_notes(folder: Path, garbage: set[str], found: Found, dry: bool) -> None:
    """DVC's notes of runs whose outputs go, by which it would take them from the cache."""
    for file in folder.glob("*/*/*"):
        note = yaml.safe_load(file.read_text()) or {}
        if garbage & {out.get("md5") for out in note.get("outs", ())}:
            found.add("notes of runs", file.stat().st_size)
            if not dry:
                file.unlink()
                with suppress(OSError):  # another note of the same inputs is left
                    file.parent.rmdir()


def _check_known(repo: Any, unknown: dict[str, str]) -> None:
    """Raise OSError where lists of files are on the remote and could not be fetched; what is nowhere is lost anyway."""
    with _asking_the_remote():
        there = repo.cloud.get_remote_odb().oids_exist(unknown)
    if there:
        raise OSError(f"the remote has the list of files of {unknown[there[0]]}, and it could not be fetched")


def _sweep_remote(repo: Any, used: set[Any], found: Found, dry: bool) -> None:
    from dvc_data.hashfile.db import get_index
    from dvc_data.hashfile.gc import gc

    values = {each.value for each in used}
    with _asking_the_remote():
        there = repo.cloud.get_remote_odb()
        for value in [value for value in there.all() if value not in values]:
            found.add("objects of the remote", int(there.fs.info(there.oid_to_path(value)).get("size") or 0))
        if not dry:
            gc(there, used)
            get_index(there).clear()


@contextmanager
def _asking_the_remote() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of as many kinds as there are services
        raise OSError(f"the remote cannot be asked: {error}") from error


def _sweep_state(root: Path, found: Found, dry: bool) -> None:
    """Candidates that nobody decided about, trainings that nobody went on with, folders of champions of long ago.

    A switch touches the folder that it replaces, so whoever asked for the champion just before has `DAYS` to read it.
    """
    now = current(root)
    for pattern, what in FORGOTTEN.items():
        for folder in root.glob(str(pattern)):
            files = list(_files(folder))
            newest = max([folder.stat().st_mtime, *(facts.st_mtime for facts in files)])
            is_old = folder.is_dir() and time.time() - newest > DAYS * 86400
            if is_old and not (now and folder == root / now.folder):
                found.add(what, sum(facts.st_size for facts in files))
                if not dry:
                    shutil.rmtree(folder)


def _files(folder: Path) -> Iterator[os.stat_result]:
    return (path.stat() for path in folder.rglob("*") if path.is_file())


def _cut_log(root: Path, found: Found, dry: bool) -> None:
    """In its place, for a server that runs has it open for appending."""
    file = root / SERVER_LOG
    size = file.stat().st_size if file.exists() else 0
    if size > LOG_BYTES:
        found.add("log of Prefect's server, but for its end", size - LOG_BYTES // 2)
        if not dry:
            with file.open("r+b") as stream:
                stream.seek(-LOG_BYTES // 2, os.SEEK_END)
                end = stream.read().partition(b"\n")[2]
                os.pwrite(stream.fileno(), end, 0)
                stream.truncate(len(end))
