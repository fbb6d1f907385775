"""Finds the delivery in a folder that somebody handed in: class folders or one file, without wrapping and litter."""

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tasks.delivery import folders, formats, litter
from tasks.delivery.formats import Tree, label_table
from tasks.params import Classes


class Layout(NamedTuple):
    """`top` holds the class folders or the file; `files` are paths below it; `litter` counts files left out."""

    top: Path
    files: list[str]
    litter: int


def survey(folder: Path, classes: Classes) -> Layout:
    """Look through the folder, changing nothing.

    What systems leave beside images (`__MACOSX`, `.DS_Store`, `._x`, ...) is left out wherever it lies; every other
    file in a class folder is a row. Raises ValueError, naming it, for an unknown class folder, one inside that of
    another class, a link, a device, a name that is not UTF-8 or has control characters (a newline), a file of all
    images that is not alone, and where there is no image.
    """
    top, beside = _unwrapped(folder, classes)
    entries, left_out = _entries(top)
    _check_alone(entries)
    found = sorted(os.path.relpath(path, top) for entry in entries for path in _tree(entry))
    files = [name for name in found if not litter.is_litter(name)]
    for name in files:
        check_name(name)
    if not files:
        raise ValueError(f"holds no image, and no file of a format ({formats.titles()})")
    if formats.find(Tree(top, files)).fallback:
        labelled = [name.partition("/")[2] for name in files] if folders.pooled(files) else files
        _check_folders(labelled, classes)
        _check_nesting(labelled, classes)
    return Layout(top, files, beside + left_out + len(found) - len(files))


def check_name(name: str) -> None:
    """Raise ValueError for a path that a table of UTF-8 text, a row to the line, cannot hold."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"holds {name!r}, whose name is not UTF-8") from error
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise ValueError(f"holds {name!r}, whose name has control characters")


def _unwrapped(folder: Path, classes: Classes) -> tuple[Path, int]:
    """The folder inside those that hold nothing but one other that is no class, and the count of litter beside it."""
    beside = 0
    while True:
        entries, left_out = _entries(folder)
        if len(entries) != 1 or not _wraps(entries[0], classes):
            return folder, beside
        folder, beside = entries[0], beside + left_out


def _wraps(entry: Path, classes: Classes) -> bool:
    if entry.is_symlink() or not entry.is_dir() or classes.canonical(folders.read(entry.name)) is not None:
        return False
    if folders.split_of(entry.name) or entry.name.casefold() in folders.UNLABELLED:
        return False
    return any(inner.is_dir() or formats.packed(inner.name) or _is_table(inner) for inner in entry.iterdir())


def _entries(folder: Path) -> tuple[list[Path], int]:
    entries = sorted(folder.iterdir())
    left_out = [entry for entry in entries if litter.is_litter(entry.name)]
    return [entry for entry in entries if entry not in left_out], sum(1 for entry in left_out for _ in _tree(entry))


def _tree(path: Path) -> Iterator[Path]:
    """The files at and below the path. A hard link is a file like any other: its bytes are copied."""
    if path.is_symlink():
        raise ValueError(f"holds {path.name!r}, a link, expected files and folders alone")
    if path.is_dir():
        for entry in sorted(path.iterdir()):
            yield from _tree(entry)
    elif path.is_file():
        yield path
    else:
        raise ValueError(f"holds {path.name!r}, a device, expected files and folders alone")


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in label_table.SUFFIXES


def _check_alone(entries: list[Path]) -> None:
    for entry in entries:
        kind = _packed([entry])
        if len(entries) > 1 and kind:
            raise ValueError(f"holds {entry.name!r} beside other things, expected {kind.title} alone")


def _check_folders(files: list[str], classes: Classes) -> None:
    names = {folders.read(name.split("/")[0]) for name in files if "/" in name} - {""}
    unknown = sorted(name for name in names if classes.canonical(name) is None)
    if unknown:
        raise ValueError(f"unknown class folder {classes.unknown(unknown)}")


def _check_nesting(files: list[str], classes: Classes) -> None:
    """Which of two classes on one path is meant, nobody can tell: the outer one may be a wrapping, or the label."""
    nested = set()
    for name in files:
        outer, *inner = name.split("/")[:-1] or [""]
        own = (None, classes.canonical(folders.read(outer)))
        others = [each for each in inner if classes.canonical(folders.read(each)) not in own]
        nested |= {f"{outer}/.../{each}" if inner[0] != each else f"{outer}/{each}" for each in others}
    if nested:
        raise ValueError(
            f"class folders inside a folder of another class: {', '.join(map(repr, sorted(nested)))}, "
            "expected one class on each path: rename the folders that are no labels"
        )


def _packed(entries: list[Path]) -> formats.Packed | None:
    """The format of the only entry, if it is a file of one."""
    return formats.packed(entries[0].name) if len(entries) == 1 and entries[0].is_file() else None
