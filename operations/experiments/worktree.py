"""A git worktree with the project as it stands, uncommitted changes included, for a run that must not touch it.

It shares DVC's cache with the project, and its `data/.state` and `data/runs` are the project's: lock, unfinished
trainings and records. Whoever calls this holds the project's lock, so a worktree that is there already is of a run that
was killed.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from operations.git import git
from operations.process.follow import Logger
from operations.project import dvc_repo
from operations.storage import traffic

FOLDER = Path("data/.state/experiments")
SHARED = (Path("data/.state"), Path("data/runs"))
"""Folders that are the project's in each worktree too."""
LINKS = "reflink,hardlink,copy"
"""How outputs come from the cache, where the project does not say: copies of a dataset would take minutes."""
NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")


def make(root: Path, name: str, log: Logger) -> Path:
    """The project's folder in a new worktree, which has what the cache has of the outputs.

    Raises ValueError where git has no commit yet.
    """
    if not git.succeeds(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
        raise ValueError(
            "a run with settings of its own works in a git worktree, and git has no commit here yet: "
            "commit the project first, or write the settings into params.yaml (`--keep`)"
        )
    top = (root / FOLDER / name).resolve()
    git.run(root, *NO_HOOKS, "worktree", "add", "--quiet", "--detach", str(top), "HEAD")
    place = top / git.line(root, "rev-parse", "--show-prefix")
    for path in changed(root) + untracked(root):
        _copy(root / path, place / path)
    for folder in SHARED:
        (root / folder).mkdir(parents=True, exist_ok=True)
        (place / folder).symlink_to((root / folder).resolve())
    _configure(root, place)
    traffic.run(place, ["checkout", "--quiet", "--allow-missing"], "the cache", 1, log)
    return place


def remove(root: Path, top: Path) -> None:
    """Remove a worktree, whole or not."""
    for path in SHARED:  # so that nothing can follow them
        for link in top.glob(f"**/{path}"):
            if link.is_symlink():
                link.unlink()
    with suppress(OSError):
        git.run(root, "worktree", "remove", "--force", "--force", str(top))
    if top.exists():
        shutil.rmtree(top)
        with suppress(OSError):
            git.run(root, "worktree", "unlock", str(top))
        git.run(root, "worktree", "prune")


def prune(root: Path) -> list[str]:
    """Remove the worktrees of runs that were killed, and return their names."""
    left = sorted((root / FOLDER).glob("*"))
    for top in left:
        remove(root, top.resolve())
    return [top.name for top in left]


def changed(root: Path) -> list[str]:
    """Tracked files that differ from HEAD, staged or not, removed ones too."""
    return _paths(root, "diff", "--name-only", "--no-renames", "--relative", "-z", "HEAD")


def untracked(root: Path) -> list[str]:
    """Files that git neither has nor ignores."""
    return _paths(root, "ls-files", "--others", "--exclude-standard", "-z")


def _paths(root: Path, *words: str) -> list[str]:
    return [os.fsdecode(path) for path in git.run(root, *words).split(b"\0") if path]


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    if source.is_symlink() or source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def _configure(root: Path, place: Path) -> None:
    """Give DVC in `place` the project's cache, and its remotes, whose paths may be relative to the project's .dvc."""
    from dvc.config import Config, merge

    with dvc_repo.opened(root, dvc_repo.NO_REMOTE) as repo:
        cache = str(repo.cache.local_cache_dir)
    own = Config(dvc_dir=str(root.resolve() / ".dvc"))
    with Config(dvc_dir=str(place / ".dvc")).edit("local") as config:
        merge(config, own.load_one("repo"))
        merge(config, own.load_one("local"))
        config["cache"]["dir"] = cache
        config["cache"].setdefault("type", LINKS)
