"""Folders that change places at once, and readers that keep the one they began with.

Linux can exchange two names in one step (renameat2(2), RENAME_EXCHANGE; ext4, xfs, btrfs, tmpfs, overlayfs). A reader
holds the folder itself by a descriptor and a shared flock, and reads through it whatever the name leads to by then.
"""

import ctypes
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2
CANNOT = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}
"""What a kernel or a file system answers that does not know the exchange."""
GAP = 0.1
"""Seconds that a reader looks for a folder: where the exchange takes steps, the name leads nowhere for a moment."""


def exchange(one: Path, other: Path) -> None:
    """Let two folders change places.

    Where the system cannot do it at once, `other` is missing for a moment; a crash leaves them as they were, or what
    was `other` at `aside(other)`.
    """
    if not _at_once(one, other):
        other.rename(aside(other))
        one.rename(other)
        aside(other).rename(one)


def aside(path: Path) -> Path:
    """Where a folder lies meanwhile."""
    return path.with_name(f"{path.name}.aside")


@contextmanager
def pinned(folder: Path) -> Iterator[Path]:
    """A path by which this process reads one and the same folder, whatever takes the name meanwhile.

    `retire` leaves it until the block ends. Without /proc it is the name itself. Raises FileNotFoundError.
    """
    descriptor = _open(folder)
    try:
        path = Path(f"/proc/self/fd/{descriptor}")
        yield path if path.exists() else folder
    finally:
        os.close(descriptor)


def retire(folder: Path, former: Path) -> None:
    """Move a folder that was replaced into `former`, and remove those that lay there before and nobody reads."""
    former.mkdir(parents=True, exist_ok=True)
    for old in former.iterdir():
        _remove_unread(old)
    folder.rename(former / f"{time.time_ns()}")


def _at_once(one: Path, other: Path) -> bool:
    """Whether it was done; False where the system cannot."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    if call(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    if ctypes.get_errno() in CANNOT:
        return False
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(one), None, str(other))


def _open(folder: Path) -> int:
    """A descriptor of the folder with a shared flock, which says that somebody reads it."""
    until = time.monotonic() + GAP
    while True:
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            if time.monotonic() > until:
                raise
            time.sleep(0.001)
            continue
        _lock(descriptor, fcntl.LOCK_SH)
        if any(os.scandir(descriptor)) or _is_at(descriptor, folder):
            return descriptor
        os.close(descriptor)  # it was replaced and removed between the two calls


def _remove_unread(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int) -> bool:
    """False where others have it. A file system without locks lets everyone through."""
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _is_at(descriptor: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except FileNotFoundError:
        return False
