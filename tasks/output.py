"""Files that a person asked for by a path: never put in the place of something else."""

from pathlib import Path


def check_name(file: Path, example: str) -> None:
    """Raises ValueError where the suffix is not that of `example`."""
    suffix = Path(example).suffix
    if file.suffix.lower() != suffix:
        raise ValueError(f"expected the path of a {suffix[1:].upper()}, as {example}, got {file}")


def check_place(file: Path, beginning: bytes, what: str) -> None:
    """As `check_content`; raises FileNotFoundError too, where the folder is not there."""
    if not file.parent.is_dir():
        raise FileNotFoundError(f"{file.parent}: no such folder to write {file.name} into")
    check_content(file, beginning, what)


def check_content(file: Path, beginning: bytes, what: str) -> None:
    """Raises FileExistsError where something is there that is neither empty nor begins as `what` does."""
    if file.exists() and not _begins(file, beginning):
        raise FileExistsError(f"{file} exists and is no {what}: give another path, or remove it first")


def _begins(file: Path, beginning: bytes) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return stream.read(len(beginning)) in (b"", beginning)
