"""Files that are edited in place."""

from pathlib import Path

from tasks import atomic


def replace(file: Path, text: str) -> None:
    """Put `text` in the place of an existing file at once: a reader, or a crash, meets the old one or the new one."""
    with atomic.replacing(file) as stream:
        stream.write(text.encode())
