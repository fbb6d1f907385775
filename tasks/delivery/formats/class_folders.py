"""Class folders: a folder of images for each class, and a row for each file in them."""

from collections.abc import Iterator, Sequence

from tasks.delivery.formats import Content, Format, Row, Tree
from tasks.params import Classes

IMAGE_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"BM")
"""First bytes of PNG, JPEG, TIFF (both byte orders, also BigTIFF) and BMP."""


class ClassFolders(Format):
    """The source of a row is its path, and its class that of the first folder on it; "" for a file in none."""

    fallback = True

    def recognises(self, tree: Tree) -> bool:
        """Whatever the files are."""
        return True

    def check(self, tree: Tree, limit: int) -> None:
        """Raise ValueError where no file is an image."""
        if not any(_is_image(tree, name) for name in tree.files):
            raise ValueError("holds no image: none of its files is PNG, JPEG, TIFF or BMP")

    def names(self, tree: Tree) -> list[str]:
        """The names of the folders, sorted."""
        return sorted({_folder(name) for name in tree.files} - {""})

    def rows(self, tree: Tree, classes: Classes, names: Sequence[str] | None) -> list[Row]:
        """A row for each file, hidden ones and such as are no images included, sorted by source."""
        labels = {folder: classes.canonical(folder) or "" for folder in self.names(tree)} | {"": ""}
        return [Row(name, labels[_folder(name)], _folder(name)) for name in tree.files]

    def chunks(self, tree: Tree, number: int) -> Iterator[Sequence[Content]]:
        """The bytes of the files."""
        for start in range(0, len(tree.files), number):
            yield [(tree.folder / name).read_bytes() for name in tree.files[start : start + number]]


def _folder(name: str) -> str:
    """The folder whose name is the class of the file, "" for none."""
    return name.split("/")[0] if "/" in name else ""


def _is_image(tree: Tree, name: str) -> bool:
    with (tree.folder / name).open("rb") as stream:
        return stream.read(8).startswith(IMAGE_STARTS)


FORMAT = ClassFolders()
