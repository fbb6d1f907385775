"""Files that are edited in place."""

import os
from pathlib import Path


def replace(file: Path, text: str) -> None:
    """Put `text` in the place of an existing file at once: a reader, or a crash, meets the old one or the new one."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.chmod(file.stat().st_mode)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
