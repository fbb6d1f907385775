"""Changes git's index in step with HEAD, as `git commit` does: locked meanwhile, and replaced at once at the end.

While `index.lock` is there no other git writes to the index, so no `git commit` of a person's takes half of ours along,
or takes it back. It is a second name of a file on which this process has an flock, and that names the commit: so the
lock of a process that was killed can be told from that of a git at work. What that one left is finished where HEAD has
the commit, and dropped where it has not.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from operations.git import git
from operations.process import flocks

PATIENCE = 10.0
"""Seconds to wait for another git that has the index or HEAD."""
NOTHING = "0" * 40


class Entry(NamedTuple):
    """A path, from `root` on, in a tree or an index; the mode is "0" for one that is not there."""

    path: str
    mode: str
    blob: str


class Index:
    """Git's index, its lock, and what lies beside them while it is changed."""

    def __init__(self, root: Path):
        self.root = root
        self.file = (root / git.line(root, "rev-parse", "--git-path", "index")).resolve()
        self.lock = self.file.with_name(f"{self.file.name}.lock")
        self.copy = self.file.with_name("hemaflow-index")
        self.holds = self.file.with_name("hemaflow-holds-index")

    def announce(self, commit: str) -> None:
        """Note the commit that HEAD is about to be moved to."""
        self.holds.write_text(commit)

    def is_ours(self) -> bool:
        """Whether git's lock is that of a process of ours, which may have been killed."""
        return self.lock.exists() and self.holds.exists() and self.lock.samefile(self.holds)


def is_left(root: Path) -> bool:
    """Whether a process is changing the index, or was killed meanwhile; the next commit mends it then."""
    index = Index(root)
    return index.is_ours() or index.copy.exists()


@contextmanager
def changing(root: Path) -> Iterator[Index]:
    """The index, locked; its `copy` takes its place when the block ends without an error.

    Raises OSError where another git does not let go of it within `PATIENCE`.
    """
    index = Index(root)
    with _locked(index):
        try:
            if index.file.exists():
                shutil.copy(index.file, index.copy)
            yield index
            index.copy.replace(index.file)
        finally:
            index.copy.unlink(missing_ok=True)


def put(root: Path, index: Path, entries: list[Entry]) -> None:
    """Write the entries into an index, which git takes from the top of the repository on."""
    prefix = os.fsencode(git.line(root, "rev-parse", "--show-prefix"))
    lines = [b"%s %s\t%s%s\0" % (e.mode.encode(), e.blob.encode(), prefix, os.fsencode(e.path)) for e in entries]
    git.run(root, "update-index", "-z", "--index-info", stdin=b"".join(lines), index=index)


@contextmanager
def _locked(index: Index) -> Iterator[None]:
    until = time.monotonic() + PATIENCE
    descriptor = os.open(index.holds, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        while not (flocks.attempt(descriptor) and _taken(index)):
            if time.monotonic() > until:
                raise OSError(
                    f"another git has had the index for {PATIENCE:.0f} s: wait for it, "
                    f"or remove {index.lock} where none is at work"
                )
            time.sleep(0.05)
        try:
            yield
        finally:
            index.lock.unlink()
    finally:
        os.close(descriptor)


def _taken(index: Index) -> bool:
    """Whether git's lock is ours; one that is ours already is that of a process that was killed."""
    if index.is_ours():
        _mend(index)
        index.lock.unlink()
    index.holds.write_text("")
    try:
        index.lock.hardlink_to(index.holds)
    except FileExistsError:
        return False
    return True


def _mend(index: Index) -> None:
    """Have the index follow the commit of a process that was killed between the two."""
    index.copy.with_name(f"{index.copy.name}.lock").unlink(missing_ok=True)  # of a git that was killed with it
    made = index.holds.read_text()
    if made and index.copy.exists() and git.succeeds(index.root, "merge-base", "--is-ancestor", made, "HEAD"):
        index.copy.replace(index.file)
