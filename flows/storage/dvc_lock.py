"""DVC's list of busy paths, `.dvc/tmp/rwlock`, where a killed DVC has left it half written."""

import fcntl
import json
import os
from pathlib import Path

FILE, GUARD = Path(".dvc/tmp/rwlock"), Path(".dvc/tmp/rwlock.lock")


def drop_torn(root: Path) -> bool:
    """Remove the list where it is no JSON, which stops every DVC from then on; whether that was so.

    DVC 3.67 writes it in place, and holds an flock on the guard meanwhile, so one that is being written is not taken
    for a torn one. The entries that are lost with it were written by a process that is gone.
    """
    if not (root / FILE).exists():
        return False
    guard = os.open(root / GUARD, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not _is_torn(root / FILE):
            return False
        (root / FILE).unlink()
        return True
    finally:
        os.close(guard)


def _is_torn(file: Path) -> bool:
    try:
        json.loads(file.read_text())
    except FileNotFoundError:
        return False
    except ValueError:
        return True
    return False
