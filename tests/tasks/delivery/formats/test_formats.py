from pathlib import Path

import pytest

from tasks.delivery import formats
from tasks.delivery.formats import Packed, Tree
from tasks.delivery.formats.class_folders import FORMAT as CLASS_FOLDERS
from tasks.delivery.formats.npz import FORMAT as NPZ


def test_each_module_of_the_package_is_a_format() -> None:
    modules = {file.stem for file in Path(formats.__file__).parent.glob("*.py")} - {"__init__"}
    assert {type(each).__module__.rpartition(".")[2] for each in formats.every()} == modules
    assert [each for each in formats.every() if each.fallback] == [CLASS_FOLDERS]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["a.npz"], NPZ),
        (["a.NPZ"], NPZ),
        (["ig/a.npz"], CLASS_FOLDERS),
        (["a.npz", "ig/b.png"], CLASS_FOLDERS),
        (["ig/a.png"], CLASS_FOLDERS),
        (["npz"], CLASS_FOLDERS),
        ([], CLASS_FOLDERS),
    ],
)
def test_the_format_follows_from_the_files_names(files: list[str], found: formats.Format) -> None:
    assert formats.find(Tree(Path(), files)) is found


def test_a_tree_of_two_formats_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(type(NPZ)):
        title = "an other"

    monkeypatch.setattr(formats, "every", lambda: (NPZ, Other(), CLASS_FOLDERS))
    with pytest.raises(ValueError, match=r"may be read in several ways \(Npz and Other\)"):
        formats.find(Tree(Path(), ["a.npz"]))


def test_messages_name_what_a_delivery_may_be() -> None:
    assert formats.titles() == ", ".join(["a folder", *(f.title for f in formats.every() if isinstance(f, Packed))])
    assert "an npz" in formats.titles()
