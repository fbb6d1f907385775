"""DVC's list of busy paths, `.dvc/tmp/rwlock`, where a killed DVC has left its entries, or has left it half written."""

import fcntl
import json
import os
from pathlib import Path

FILE, GUARD = Path(".dvc/tmp/rwlock"), Path(".dvc/tmp/rwlock.lock")


def drop_dead_locks(root: Path) -> list[str]:
    """Remove DVC's list of busy paths where no DVC process holds any of them, and return whose entries they were.

    DVC itself drops an entry whose process is gone, but believes one whose number belongs to something else by now, as
    after a restart of a container.
    """
    drop_torn(root)
    file = root / FILE
    if not file.exists():
        return []
    held = json.loads(file.read_text() or "{}")
    readers = [entry for entries in held.get("read", {}).values() for entry in entries]
    entries = [*held.get("write", {}).values(), *readers]
    if not entries or any(_is_dvc(entry["pid"]) for entry in entries):
        return []
    file.unlink()
    return sorted({f"{entry['cmd']} (PID {entry['pid']})" for entry in entries})


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


def _is_dvc(pid: int) -> bool:
    try:
        return b"dvc" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return not Path("/proc").exists()  # where nobody can tell, it counts as one
