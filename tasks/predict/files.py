"""An image file, or a folder of them at any depth. Files are only ever read, links and devices not even that."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

from tasks.delivery import archive, formats
from tasks.delivery.litter import is_litter
from tasks.predict.source import Entry, Source, check_size


def one(path: Path) -> Source:
    """The file as the only entry, under its own name."""
    return Source(1, 0, lambda: nullcontext(iter([Entry(path.name, partial(_content, path))])))


def folder(path: Path) -> Source:
    """Every file below the folder, hidden ones and such as are no images included, by its path in it, sorted.

    What systems leave behind is left out, and counted. A link, a device, a folder that may not be read and an archive
    are entries too: to read one raises a ValueError that says what it is.
    """
    found = sorted(_scan(path, ""))
    kept = [(name, refusal) for name, refusal in found if not is_litter(name)]
    return Source(len(kept), len(found) - len(kept), partial(_opened, path, kept))


def _opened(path: Path, found: list[tuple[str, str]]) -> AbstractContextManager[Iterator[Entry]]:
    return nullcontext(
        Entry(name, partial(_refuse, refusal) if refusal else partial(_content, path / name)) for name, refusal in found
    )


def _scan(path: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """Names below `path`, each with why it is not to be read, "" for a plain file."""
    try:
        with os.scandir(path) as entries:
            listed = list(entries)
    except OSError as error:
        if not prefix:
            raise
        yield prefix, f"a folder that cannot be read: {error.strerror}"
        return
    for entry in listed:
        name = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _scan(path / entry.name, f"{name}/")
        else:
            yield name, _refusal(entry)


def _refusal(entry: "os.DirEntry[str]") -> str:
    if entry.is_symlink():
        return "a link, expected a plain file"
    if not entry.is_file(follow_symlinks=False):
        return "a device or a pipe, expected a plain file"
    path = Path(entry.name)
    if formats.packed(path.name) or archive.suffix(path):
        return "an archive inside a folder, expected to be given by itself"
    return ""


def _refuse(refusal: str) -> bytes:
    raise ValueError(refusal)


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:
        check_size(os.fstat(stream.fileno()).st_size)
        return stream.read()
