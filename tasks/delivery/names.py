"""Names of deliveries: each is a folder, an instance of DVC's stages, and a file NAME.dvc at once."""

import re
import unicodedata
from pathlib import Path

from tasks.delivery import archive

PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]*")
LENGTH = 100


def check(name: str) -> None:
    """Raise ValueError for a name that cannot be all three."""
    if not PATTERN.fullmatch(name) or ".." in name or len(name) > LENGTH:
        raise ValueError(
            f"bad name {name!r}, expected lower-case letters, digits, '.', '_' and '-', "
            f"a letter or digit first, no '..', at most {LENGTH} characters"
        )
    if name.endswith(".dvc"):
        raise ValueError(f"bad name {name!r}, expected no '.dvc' at its end, which is the ending of DVC's own files")


def default(path: Path) -> str:
    """The path's last part without its ending, made a name. Raises ValueError where nothing is left of it."""
    path = path.resolve()
    ending = archive.suffix(path) or path.suffix
    stem = path.name if path.is_dir() else path.name[: len(path.name) - len(ending)]
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    folded = re.sub(r"\.{2,}", ".", re.sub(r"[^a-z0-9._-]+", "-", plain))
    name = folded.lstrip("._-")[:LENGTH].rstrip("._-")
    if not name:
        raise ValueError(f"{path.name!r} makes no name for a delivery, give one with --name")
    return name
