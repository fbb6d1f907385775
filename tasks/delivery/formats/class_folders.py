"""Class folders: a folder of images for each class, and a row for each file in them.

There may be a level of folders train, val and test above. A file in none, or in `unlabelled`, has no class.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks.delivery import folders
from tasks.delivery.formats import Content, Format, Row, Tree, contents
from tasks.params import Classes

IMAGE_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"BM")
"""First bytes of PNG, JPEG, TIFF (both byte orders, also BigTIFF) and BMP."""

SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")


class ClassFolders(Format):
    """The source of a row is its path, its class that of the first folder on it, its split that of the level above."""

    fallback = True

    def recognises(self, tree: Tree) -> bool:
        """Whatever the files are."""
        return True

    def check(self, tree: Tree, limit: int) -> None:
        """Raise ValueError where no file is an image, and where no image has a class but a spreadsheet lies beside."""
        check_images(tree.folder, tree.files)
        sheets = [name for name in tree.files if name.lower().endswith(SPREADSHEETS)]
        if sheets and not self.names(tree):
            raise ValueError(f"holds {sheets[0]!r}, a spreadsheet, which is not read: save its labels as CSV")

    def names(self, tree: Tree) -> list[str]:
        """The names of the folders, sorted."""
        return sorted({name for _, name in _said(tree.files)} - {""})

    def rows(self, tree: Tree, classes: Classes, names: Sequence[str] | None) -> list[Row]:
        """A row for each file, hidden ones and such as are no images included, sorted by source."""
        labels = {name: classes.canonical(name) or "" for name in self.names(tree)} | {"": ""}
        said = zip(tree.files, _said(tree.files), strict=True)
        return [Row(source, labels[name], name, split) for source, (split, name) in said]

    def chunks(self, tree: Tree, number: int) -> Iterator[Sequence[Content]]:
        """The bytes of the files."""
        return contents(tree.folder, tree.files, number)


def check_images(folder: Path, files: Sequence[str]) -> None:
    """Raise ValueError where no file is an image."""
    if not any(_is_image(folder / name) for name in files):
        raise ValueError("holds no image: none of its files is PNG, JPEG, TIFF or BMP")


def _said(files: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The split that each file is given, and the delivery's name of its class; "" for none."""
    level = int(folders.pooled(files))
    for name in files:
        parts = name.split("/")[:-1]
        split = folders.split_of(parts[0]) if level and parts else ""
        yield split, folders.read(parts[level]) if len(parts) > level else ""


def _is_image(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(8).startswith(IMAGE_STARTS)


FORMAT = ClassFolders()
