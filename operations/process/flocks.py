"""Places that one holder at a time can have: a file with an flock on it, which the kernel frees when the holder dies.

The holder's name stands in the file, for whoever finds the place taken. Threads exclude each other as processes do.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO


def attempt(file: int | IO[str] | IO[bytes], shared: bool = False) -> bool:
    """Take the flock of an open file if it is free; whether it was. Raises OSError where the file system has none."""
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def take(file: Path, who: str, wait: bool = False) -> int | None:
    """The place, as a descriptor for `leave`; None where somebody else has it and this is not to wait."""
    file.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            if wait:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            elif not attempt(descriptor):
                os.close(descriptor)
                return None
        except BaseException:
            os.close(descriptor)
            raise
        if is_at(descriptor, file):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, who.encode(), 0)
            return descriptor
        os.close(descriptor)  # somebody deleted the folder meanwhile: nobody else will find this file


def leave(descriptor: int) -> None:
    """Give the place up."""
    os.ftruncate(descriptor, 0)
    os.close(descriptor)


def name(file: Path) -> str:
    """The name that stands there; empty where nobody has the place, or its holder is just coming or going."""
    with suppress(FileNotFoundError):
        return file.read_text()
    return ""


def is_taken(file: Path) -> bool:
    """Whether somebody has the place. Not for one that is taken without waiting: this look has it for a moment."""
    with suppress(FileNotFoundError), file.open() as stream:
        return not attempt(stream, shared=True)
    return False


def is_at(descriptor: int, file: Path) -> bool:
    """Whether the file that was opened is the one that lies there."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), file.stat())
    return False
