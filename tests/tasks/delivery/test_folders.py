import pytest

from tasks.delivery import folders, layout, raw
from tasks.params import Classes

CLASSES = Classes.model_validate({"ig": [], "NK/T cell": [], "50 %": [], "?": []})


@pytest.mark.parametrize(
    ("label", "folder"),
    [
        ("ig", "ig"),
        ("NK/T cell", "NK%2FT cell"),
        ("50 %", "50 %25"),
        ('a\\b:c*d?e"f<g>h|', "a%5Cb%3Ac%2Ad%3Fe%22f%3Cg%3Eh%7C"),
        ("Zellkörper", "Zellkörper"),
        ("%2F", "%252F"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        (".git", "%2Egit"),
        ("Unlabelled", "%55nlabelled"),
        ("Thumbs.db", "%54humbs.db"),
        ("CON", "%43ON"),
        ("aux.1", "%61ux.1"),
        ("console", "console"),
        ("ig.", "ig%2E"),
        ("ig ", "ig%20"),
        ("a\nb\x7f", "a%0Ab%7F"),
        ("😀 e\u0301", "😀 e\u0301"),
    ],
)
def test_a_class_is_read_from_the_folder_that_is_written(label: str, folder: str) -> None:
    assert folders.written(label) == folder
    assert folders.read(folder) == label


@pytest.mark.parametrize(("folder", "label"), [("50 %", "50 %"), ("%zz", "%zz"), ("%ff", "%ff"), ("Unlabelled", "")])
def test_other_folders_are_read_as_they_are(folder: str, label: str) -> None:
    assert folders.read(folder) == label


@pytest.mark.parametrize(
    ("files", "pooled"),
    [
        (["train/ig/a", "test/ig/b"], True),
        (["Training/ig/a", "VALIDATION/ig/b", "notes.txt"], True),
        (["train/ig/a", "test/b"], True),
        (["train/a", "test/b"], False),
        (["train/ig/a", "ig/b"], False),
        (["ig/train/a"], False),
        (["a"], False),
        ([], False),
    ],
)
def test_a_level_of_splits(files: list[str], pooled: bool) -> None:
    assert folders.pooled(files) == pooled


@pytest.mark.parametrize("inner", ["batch 1", "ig"])
def test_a_class_folder_alone_is_no_wrapping_however_its_name_is_written(tmp_path, inner: str) -> None:
    place = tmp_path / "NK%2FT cell" / inner / "a.png"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"x")
    if inner == "ig":
        with pytest.raises(ValueError, match="class folders inside a folder of another class: 'NK%2FT cell/ig'"):
            layout.survey(tmp_path, CLASSES)
    else:
        assert layout.survey(tmp_path, CLASSES).files == ["NK%2FT cell/batch 1/a.png"]


def test_splits_and_classes_of_a_delivery(tmp_path) -> None:
    files = ["train/ig/a", "train/NK%2FT cell/b", "Valid/50 %25/c", "test/?/d/e", "test/unlabelled/f", "test/g", "h"]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert layout.survey(tmp_path, CLASSES).files == sorted(files)
    found = {row.source: (row.label, row.name, row.split) for row in raw.rows(tmp_path, CLASSES)}
    assert found == {
        "train/ig/a": ("ig", "ig", "train"),
        "train/NK%2FT cell/b": ("NK/T cell", "NK/T cell", "train"),
        "Valid/50 %25/c": ("50 %", "50 %", "val"),
        "test/?/d/e": ("?", "?", "test"),
        "test/unlabelled/f": ("", "", "test"),
        "test/g": ("", "", "test"),
        "h": ("", "", ""),
    }
