"""Files that systems leave beside images, and that nobody delivers."""

from pathlib import PurePath

NAMES = {"__macosx", ".ds_store", "thumbs.db", "desktop.ini", ".ipynb_checkpoints", ".git"}


def is_litter(path: str) -> bool:
    """Whether the path leads to such a file: `.DS_Store`, `Thumbs.db`, `__MACOSX/...`, `._x`."""
    return any(part.lower() in NAMES or part.startswith("._") for part in PurePath(path).parts)
