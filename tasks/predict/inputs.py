"""Says what an input is: an image, a folder, an archive or a file of arrays; all that is wrong with it shows here."""

from pathlib import Path

from tasks.delivery import archive, formats
from tasks.predict import arrays, files, packed
from tasks.predict.source import Source


def find(path: Path) -> Source:
    """The entries of `path`, looked through and not yet read.

    A folder with nothing but a file of a format is that file, as it is where images are delivered. Raises
    FileNotFoundError or ValueError, naming the path, where there is nothing to judge, and what each kind raises.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    try:
        found = _of_its_kind(path)
    except ValueError as error:
        raise ValueError(f"{path}: {str(error).removeprefix(f'{path.name}: ')}") from error
    if not found.number:
        raise ValueError(f"{path}: holds no file, expected at least one image")
    return found


def _of_its_kind(path: Path) -> Source:
    if path.is_dir():
        inside = list(path.iterdir())
        return _of_its_kind(inside[0]) if len(inside) == 1 and _packed(inside[0]) else files.folder(path)
    if not path.is_file():
        raise ValueError("a device or a pipe, expected a file or a folder")
    form = _packed(path)
    if form:
        return arrays.source(path, form)
    return packed.source(path) if archive.suffix(path) else files.one(path)


def _packed(path: Path) -> formats.Packed | None:
    return formats.packed(path.name) if path.is_file() else None
