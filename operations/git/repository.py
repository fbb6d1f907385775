"""Git by its plumbing: the branch is not switched, the working tree is not touched, what others staged stays staged.

A commit is made of HEAD's tree and the files that are given, in an index of its own. Nothing here runs a hook but
`push_branch` and `push_tag`, and nothing signs. `root` may be any folder of a repository; paths are relative to it.
"""

import os
import re
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from operations.git import git, git_index
from operations.git.git_index import NOTHING, Entry, Index

PUSH_LIMIT = 300
"""Seconds for a push."""
UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
}
PLAIN = "100644"


class Revision(NamedTuple):
    """A commit: `when` is ISO 8601 in UTC, `subject` its first line."""

    sha: str
    when: str
    author: str
    subject: str
    body: str


def check(root: Path) -> None:
    """Raise ValueError where nothing can be committed: no repository, no commit yet, a merge or a rebase under way."""
    try:
        git.run(root, "rev-parse", "--is-inside-work-tree")
    except OSError as error:
        raise ValueError(f"{root} is in no git repository that can be used: {error}") from error
    if not git.succeeds(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
        raise ValueError("git has no commit yet: commit the project first")
    for name, what in UNDER_WAY.items():
        if (root / git.line(root, "rev-parse", "--git-path", name)).exists():
            raise ValueError(f"{what} is under way in git: finish or abort it first")


def head(root: Path) -> str:
    """The commit that HEAD is at."""
    return git.line(root, "rev-parse", "--verify", "HEAD^{commit}")


def changed(root: Path) -> list[str]:
    """Paths that differ from HEAD, staged or not, and untracked ones (a folder as `NAME/`), sorted."""
    prefix = _prefix(root)
    options = ("--porcelain=v1", "-z", "--untracked-files=normal", "--no-renames")
    found = git.run(root, "status", *options, "--", ".").split(b"\0")
    return sorted(os.fsdecode(line[3:]).removeprefix(prefix) for line in found if line)


def show(root: Path, revision: str, path: str | Path) -> bytes | None:
    """The file as it is in that commit, None where it is not. Raises ValueError for a revision that is none."""
    _resolve(root, revision)
    entry = _in_tree(root, revision, str(path))
    return None if entry.mode == "0" else git.run(root, "cat-file", "blob", entry.blob)


def log(root: Path, path: str | Path, revision: str = "HEAD") -> list[Revision]:
    """Commits that changed the file, the latest first."""
    form = "--format=%H%x00%ct%x00%an%x00%s%x00%b%x00"
    fields = git.run(root, "log", "-z", form, revision, "--", _literal(path)).decode(errors="replace").split("\0")
    # %x00 ends each field and -z each commit, so a commit has five fields and an empty one.
    rows = [fields[k : k + 5] for k in range(0, len(fields) - 5, 6)]
    return [Revision(sha, _utc(int(when)), *rest) for sha, when, *rest in rows]


def commit(root: Path, files: Mapping[str, bytes | None], message: str) -> str:
    """Commit on HEAD exactly these files, None for one that goes; the commit, which is HEAD where nothing changes.

    The index agrees with it for these paths afterwards; whatever else was staged stays so. Modes are kept. Raises
    ValueError as `check` does and for a path that is a folder or leads out, OSError where another git does not let go
    of the index or HEAD for ten seconds: then nothing is committed.
    """
    check(root)
    _check_paths(root, files)
    until = time.monotonic() + git_index.PATIENCE
    with git_index.changing(root) as index:
        while True:
            parent = head(root)
            entries = [_entry(root, parent, path, content) for path, content in files.items()]
            git_index.put(root, index.copy, entries)
            try:
                return _commit(index, parent, _tree(root, parent, entries), message)
            except OSError:
                # HEAD moved, or is locked.
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


def tag(root: Path, name: str, revision: str) -> None:
    """An annotated tag with the commit's message, committer and time, so that each clone that makes it makes the same.

    Nothing to do where it is there already. Raises ValueError where it names another commit.
    """
    wanted = _resolve(root, revision)
    if name in tags(root, name):
        there = git.line(root, "rev-parse", f"refs/tags/{name}^{{commit}}")
        if there != wanted:
            raise ValueError(f"the tag {name} is at {there[:10]} already, not at {wanted[:10]}")
        return
    form = "--format=%cn%x00%ce%x00%cd%x00%B"
    who, email, when, message = git.run(root, "log", "-1", "--date=raw", form, wanted).decode().split("\0")
    committer = {"GIT_COMMITTER_NAME": who, "GIT_COMMITTER_EMAIL": email, "GIT_COMMITTER_DATE": when}
    words = ("tag", "-a", "--no-sign", "--cleanup=verbatim", "-F", "-", name, wanted)
    git.run(root, *words, stdin=message.removesuffix("\n").encode(), extra=committer)


def tags(root: Path, pattern: str) -> list[str]:
    """Names of tags that the pattern (`champion/*`) fits, in the order of the numbers in them."""
    found = git.run(root, "tag", "--list", pattern).decode().split()
    return sorted(found, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])


def push_branch(root: Path, revision: str, branch: str, remote: str = "origin") -> None:
    """Push the commit as that branch, which is made if it is not there. Raises OSError with git's words."""
    _push(root, remote, f"{_resolve(root, revision)}:refs/heads/{branch}")


def push_tag(root: Path, name: str, remote: str = "origin") -> None:
    """Push the tag. Raises OSError with git's words."""
    _push(root, remote, f"refs/tags/{name}:refs/tags/{name}")


def _commit(index: Index, parent: str, tree: str, message: str) -> str:
    """Raises OSError where HEAD is no longer at `parent`, or is locked."""
    root = index.root
    if tree == git.line(root, "rev-parse", f"{parent}^{{tree}}"):
        return parent
    words = ("commit-tree", tree, "-p", parent)
    made = git.run(root, *words, stdin=message.encode(), extra=git.identity(root)).decode().strip()
    index.announce(made)
    git.run(root, "update-ref", "-m", f"commit: {message.splitlines()[0]}", "HEAD", made, parent)
    return made


def _entry(root: Path, revision: str, path: str, content: bytes | None) -> Entry:
    there = _in_tree(root, revision, path)
    if content is None:
        return Entry(path, "0", NOTHING)
    blob = git.run(root, "hash-object", "-w", "--stdin", stdin=content).decode().strip()
    return Entry(path, PLAIN if there.mode == "0" else there.mode, blob)


def _in_tree(root: Path, revision: str, path: str) -> Entry:
    """Raises ValueError for a folder."""
    found = git.run(root, "ls-tree", "-z", revision, "--", path).decode()
    if not found:
        return Entry(path, "0", NOTHING)
    mode, kind, blob = found.partition("\t")[0].split()
    if kind != "blob":
        raise ValueError(f"{path} is a {'folder' if kind == 'tree' else 'submodule'} in git, expected a file")
    return Entry(path, mode, blob)


def _tree(root: Path, revision: str, entries: list[Entry]) -> str:
    """The tree of the revision with these entries, made in an index that nobody else knows."""
    with tempfile.TemporaryDirectory(prefix="hemaflow-") as folder:
        index = Path(folder, "index")
        git.run(root, "read-tree", revision, index=index)
        git_index.put(root, index, entries)
        return git.run(root, "write-tree", index=index).decode().strip()


def _check_paths(root: Path, paths: Iterable[str]) -> None:
    for path in paths:
        parts = Path(path).parts
        if not parts or Path(path).is_absolute() or {"..", ".git"} & set(parts):
            raise ValueError(f"expected the path of a file below {root}, got {path!r}")


def _push(root: Path, remote: str, what: str) -> None:
    git.run(root, "push", "--quiet", remote, what, limit=PUSH_LIMIT)


def _resolve(root: Path, revision: str) -> str:
    try:
        return git.line(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except OSError:
        raise ValueError(f"git has no revision {revision!r}") from None


def _prefix(root: Path) -> str:
    return os.fsdecode(git.run(root, "rev-parse", "--show-prefix")).rstrip("\n")


def _literal(path: str | Path) -> str:
    """A pathspec for this path, whatever signs are in it."""
    return f":(literal){path}"


def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
