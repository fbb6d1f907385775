"""A table of labels: a CSV or TSV that names each image and its class, beside the images or above their folder.

Its header names the columns; any of comma, semicolon, tab and | may part them. A file that the table does not name, or
names without a class, is an image without a class.
"""

import csv
import io
import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from tasks.delivery import folders
from tasks.delivery.formats import Content, Format, Row, Tree, contents
from tasks.delivery.formats.class_folders import check_images
from tasks.params import Classes

SUFFIXES = (".csv", ".tsv")
FILE = (
    "file",
    "filename",
    "file_name",
    "path",
    "file_path",
    "filepath",
    "image",
    "image_path",
    "image_name",
    "image_id",
)
LABEL = ("label", "class", "class_name", "cell_type", "category", "diagnosis")
SPLIT = ("split", "set", "subset")
EXPECTED = "a header with the file (file, filename, path, image) and the class (label, class), parted by , ; tab or |"
DELIMITERS = ",;\t|"
EXCEL = re.compile(r"\A[ \"]*sep=.[ \"]*(\r\n|\r|\n)", re.IGNORECASE)
"""The line by which a table tells Excel its delimiter."""
SIZE_LIMIT = 64 << 20
"""Bytes of a table, of a million images with long names."""
SNIFFED = 4096
"""Characters by which the delimiter is told."""


class Entry(NamedTuple):
    """A line of the table; `split` is "" where it gives none."""

    line: int
    file: str
    label: str
    split: str


class LabelTable(Format):
    """The source of a row is its path; the table itself is none."""

    def recognises(self, tree: Tree) -> bool:
        """There is a table with the columns, or one beside images that lie in no folder."""
        tables = _tables(tree.files)
        flat = not any("/" in name for name in tree.files)
        return bool(tables) and (flat or any(_has_columns(tree, name) for name in tables))

    def check(self, tree: Tree, limit: int) -> None:
        """Raise ValueError where no file is an image."""
        check_images(tree.folder, _images(tree))

    def names(self, tree: Tree) -> list[str]:
        """The classes of the table, sorted."""
        return sorted({entry.label for entry in _entries(tree).values()} - {""})

    def rows(self, tree: Tree, classes: Classes, names: Sequence[str] | None) -> list[Row]:
        """A row for each file but the table, sorted by source.

        Raises ValueError where a folder has the name of another class than the table gives the files in it.
        """
        entries = _entries(tree)
        labels = {each.label: classes.canonical(each.label) or "" for each in entries.values()} | {"": ""}
        found = [entries.get(name, Entry(0, name, "", "")) for name in _images(tree)]
        _check_folders(found, labels, classes)
        return [Row(each.file, labels[each.label], each.label, each.split or _split(each.file)) for each in found]

    def chunks(self, tree: Tree, number: int) -> Iterator[Sequence[Content]]:
        """The bytes of the files."""
        return contents(tree.folder, _images(tree), number)


def _tables(files: Iterable[str]) -> list[str]:
    return [name for name in files if name.lower().endswith(SUFFIXES) and name.count("/") <= 1]


def _has_columns(tree: Tree, name: str) -> bool:
    try:
        _columns(name, next(_lines(tree, name), (1, []))[1])
    except ValueError:
        return False
    return True


def _table(tree: Tree) -> str:
    """The table of labels. Raises ValueError for several."""
    tables = _tables(tree.files)
    good = [name for name in tables if _has_columns(tree, name)]
    if len(good) > 1:
        raise ValueError(f"holds several tables of labels ({', '.join(good)}), expected one")
    return good[0] if good else tables[0]


def _images(tree: Tree) -> list[str]:
    table = _table(tree)
    return [name for name in tree.files if name != table]


def _lines(tree: Tree, name: str) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not blank, with its number. Raises ValueError for what is no table."""
    file = tree.folder / name
    if file.stat().st_size > SIZE_LIMIT:
        raise ValueError(f"{name}: has {file.stat().st_size} bytes, expected at most {SIZE_LIMIT}")
    content = file.read_bytes()
    try:
        text = content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
        if "\0" in text:
            raise ValueError(f"{name}: expected text in UTF-8, or in UTF-16 with a byte order mark")
        text = EXCEL.sub("", text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [cell.strip() for cell in cells]
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: expected text in UTF-8: {error.reason} at byte {error.start}") from error
    except csv.Error as error:
        raise ValueError(f"{name}, line {reader.line_num}: {error}") from error


def _delimiter(text: str) -> str:
    head = text[:SNIFFED].rpartition("\n")[0] or text[:SNIFFED]
    try:
        return csv.Sniffer().sniff(head, DELIMITERS).delimiter
    except csv.Error:
        first = head.partition("\n")[0]
        return max(DELIMITERS, key=first.count)


def _columns(name: str, header: Sequence[str]) -> tuple[int, int, int | None]:
    """Positions of the file, the class and the split."""
    known = ["_".join(cell.casefold().replace("-", " ").split()) for cell in header]
    file = next((each for each in FILE if each in known), "")
    labels = [place for place, each in enumerate(known) if each in LABEL]
    if known.count(file) != 1 or len(labels) != 1:
        got = ", ".join(cell[:40] for cell in header[:20]) or "nothing"
        which = " one file and one class alone:" if known.count(file) > 1 or len(labels) > 1 else ""
        raise ValueError(f"{name}: expected{which} {EXPECTED}, got the columns {got}")
    split = next((known.index(each) for each in SPLIT if each in known), None)
    return known.index(file), labels[0], split


def _entries(tree: Tree) -> dict[str, Entry]:
    """The lines of the table, by the path of the file that each is about.

    Raises ValueError for a line about no file, about one of several, or that contradicts another.
    """
    table = _table(tree)
    lines = _lines(tree, table)
    header = next(lines, (1, []))[1]
    columns = _columns(table, header)
    find = _Finder(table, _images(tree))
    found: dict[str, Entry] = {}
    missing: list[str] = []
    for number, cells in lines:
        if len(cells) != len(header) and any([*cells[len(header) :], *header[len(cells) :]]):
            raise ValueError(f"{table}, line {number}: has {len(cells)} cells, expected {len(header)}, as the header")
        entry = _entry(number, cells, *columns)
        path = find(entry)
        if path is None:
            missing.append(entry.file)
            continue
        earlier = found.setdefault(path, entry._replace(file=path))
        for one, other in ((entry.label, earlier.label), (entry.split, earlier.split)):
            if one != other:
                said = f"{entry.file!r} is {one!r}, but {other!r} in line {earlier.line}"
                raise ValueError(f"{table}, line {number}: {said}")
    if missing:
        raise ValueError(f"{table}: names {len(missing)} files that are not there, such as {missing[0][:200]!r}")
    return _with_splits(table, found)


def _with_splits(table: str, found: dict[str, Entry]) -> dict[str, Entry]:
    """The entries with splits as we call them. Raises ValueError for a name among those of splits that is none."""
    try:
        splits = folders.splits_of([entry.split for entry in found.values()])
    except ValueError as error:
        raise ValueError(f"{table}: {error}") from error
    return {path: entry._replace(split=split) for (path, entry), split in zip(found.items(), splits, strict=True)}


def _entry(line: int, cells: Sequence[str], file: int, label: int, split: int | None) -> Entry:
    def cell(place: int | None) -> str:
        return cells[place] if place is not None and place < len(cells) else ""

    return Entry(line, cell(file), cell(label), cell(split))


class _Finder:
    """Finds the file that a line means: by its path, from the top or the table, its name, or that without ending."""

    def __init__(self, table: str, files: Sequence[str]):
        self._table = table
        self._above = table.rpartition("/")[0]
        self._paths = {_folded(name): name for name in files}
        self._names: dict[str, list[str]] = defaultdict(list)
        for name in files:
            path = PurePosixPath(name)
            for key in {path.name, path.stem}:
                self._names[_folded(key)].append(name)

    def __call__(self, entry: Entry) -> str | None:
        wanted = _folded(posixpath.normpath(entry.file.replace("\\", "/")))
        for path in (wanted, _folded(f"{self._above}/{wanted}")):
            if path in self._paths:
                return self._paths[path]
        named = self._names.get(wanted, [])
        if len(named) > 1:
            raise ValueError(
                f"{self._table}, line {entry.line}: {entry.file!r} may be {' or '.join(named[:3])}, expected its path"
            )
        return named[0] if named else None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _split(name: str) -> str:
    return folders.split_of(name.split("/")[0]) if "/" in name else ""


def _check_folders(found: Iterable[Entry], labels: dict[str, str], classes: Classes) -> None:
    for entry in found:
        for folder in entry.file.split("/")[:-1]:
            other = classes.canonical(folders.read(folder))
            if other is not None and entry.label and other != labels[entry.label]:
                raise ValueError(
                    f"the table says {entry.label!r} of {entry.file!r}, which lies in the folder of {other}"
                )


FORMAT = LabelTable()
