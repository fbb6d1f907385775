"""Files that systems leave beside images, and that nobody delivers."""

from pathlib import PurePath

NAMES = {
    *("__macosx", ".ds_store", ".appledouble", ".spotlight-v100", ".trashes", ".fseventsd", ".temporaryitems"),  # macOS
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),  # Windows
    *("@eadir", "#recycle", ".directory", "lost+found"),  # Synology, KDE, Linux
    *(".git", ".gitignore", ".gitattributes", ".gitkeep", ".svn", ".hg", ".ipynb_checkpoints", "__pycache__"),
}
"""In lower case."""
BEGINNINGS = ("._", ".trash-")


def is_litter(path: str) -> bool:
    """Whether the path leads to such a file: `.DS_Store`, `Thumbs.db`, `__MACOSX/...`, `._x`."""
    parts = [part.lower() for part in PurePath(path).parts]
    return any(part in NAMES or part.startswith(BEGINNINGS) for part in parts)
