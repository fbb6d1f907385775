import os
from pathlib import Path

import pytest

from tasks.delivery import layout


def write(folder: Path, names: list[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"file,label" if name.endswith(("csv", "tsv")) else b"x")
    return folder


GOOD = {
    "class folders": (["ig/a", "ne/b"], ".", ["ig/a", "ne/b"], 0),
    "two names of a class": (["ig/a", "Immature_Granulocyte/a"], ".", ["Immature_Granulocyte/a", "ig/a"], 0),
    "a wrapping folder": (["data set/ig/a"], "data set", ["ig/a"], 0),
    "two wrapping folders": (["x/y/ig/a", "x/y/ne/b"], "x/y", ["ig/a", "ne/b"], 0),
    "a class that holds folders is no wrapping": (["ig/batch/a"], ".", ["ig/batch/a"], 0),
    "files alone have no class": (["a.png", "b.png"], ".", ["a.png", "b.png"], 0),
    "a folder of images without a class": (["unlabelled/a", "ig/b"], ".", ["ig/b", "unlabelled/a"], 0),
    "splits above the classes": (["train/ig/a", "Test/ne/b"], ".", ["Test/ne/b", "train/ig/a"], 0),
    "splits in a wrapping folder": (["x/train/ig/a", "x/val/ne/b"], "x", ["train/ig/a", "val/ne/b"], 0),
    "one split alone": (["train/ig/a"], ".", ["train/ig/a"], 0),
    "a table and a folder": (["l.csv", "scans/a"], ".", ["l.csv", "scans/a"], 0),
    "a table in a wrapping folder": (["x/l.tsv", "x/a"], "x", ["l.tsv", "a"][::-1], 0),
    "an npz": (["set.npz"], ".", ["set.npz"], 0),
    "an npz in a folder": (["x/set.npz"], "x", ["set.npz"], 0),
    "an npz in a class folder is a file": (["ig/a.npz", "ig/b"], ".", ["ig/a.npz", "ig/b"], 0),
    "files beside class folders": (["ig/a", "notes.txt"], ".", ["ig/a", "notes.txt"], 0),
    "hidden files in a class folder": (["ne/.DS_1.jpg", "ne/.DS_Store"], ".", ["ne/.DS_1.jpg"], 1),
    "a class in itself": (["ig/Immature Granulocyte/a"], ".", ["ig/Immature Granulocyte/a"], 0),
    "litter in a class folder": (
        ["ig/a", "ig/._a", "ig/x/Thumbs.db", "ig/.ipynb_checkpoints/a", ".git/b"],
        ".",
        ["ig/a"],
        4,
    ),
    "a narrow no-break space": (["ig/9.41\u202fAM.png"], ".", ["ig/9.41\u202fAM.png"], 0),
    "litter": (
        ["ig/a", ".DS_Store", "Thumbs.db", "Desktop.ini", "._ig", "__MACOSX/ig/._a", "__MACOSX/._ig"],
        ".",
        ["ig/a"],
        6,
    ),
    "what other systems leave": (
        [
            *("ig/a", "ig/@eaDir/a/SYNOPHOTO_THUMB_XL.jpg", "$RECYCLE.BIN/x", "System Volume Information/x"),
            *(".Spotlight-V100/x", ".Trash-1000/files/b", "ig/.gitkeep", "ehthumbs.db", ".svn/x", "__pycache__/x"),
        ],
        ".",
        ["ig/a"],
        9,
    ),
    "litter beside and in a wrapping folder": (["x/ig/a", "x/.DS_Store", "__MACOSX/x/._ig"], "x", ["ig/a"], 2),
}


@pytest.mark.parametrize(("names", "top", "files", "litter"), GOOD.values(), ids=GOOD)
def test_survey_finds_the_delivery(tmp_path, classes, names, top, files, litter):
    assert layout.survey(write(tmp_path, names), classes) == (tmp_path / top, files, litter)


BAD = {
    "empty": ([], "holds no image"),
    "litter alone": ([".DS_Store"], "holds no image"),
    "an unknown class below a split": (["train/ig/a", "test/blast/b"], "unknown class folder 'blast'"),
    "a split beside classes": (["train/ig/a", "ig/b"], "unknown class folder 'train'"),
    "a class in another below a split": (["train/ig/ne/a"], "another class: 'ig/ne'"),
    "an unknown class": (["ig/a", "blast/b"], "unknown class folder 'blast', expected ig, neutrophil, platelet"),
    "an unknown class alone": (["blast/b"], "unknown class folder 'blast'"),
    "unknown classes in a wrapping folder": (["x/blast/b", "x/ig/b"], "unknown class folder 'blast'"),
    "a hidden folder": (["ig/a", ".x/b"], "unknown class folder '.x'"),
    "classes in a wrapping that is an alias": (["NE/ig/a", "NE/platelet/b"], "another class: 'NE/ig', 'NE/platelet'"),
    "a class in another": (["ig/a", "ig/ne/b"], "another class: 'ig/ne', expected one class on each path"),
    "a class deep in another": (["ig/x/ne/b", "ne/c"], "another class: 'ig/.../ne'"),
    "two npz": (["a.npz", "b.npz"], "'a.npz' beside other things"),
    "an npz beside class folders": (["ig/a", "z.npz"], "'z.npz' beside other things"),
    "a name with a newline": (["ig/a\nb"], r"'ig/a\\nb', whose name has control characters"),
    "a name that is not UTF-8": ([f"ig/{os.fsdecode(bytes([255]))}"], "not UTF-8"),
}


@pytest.mark.parametrize(("names", "message"), BAD.values(), ids=BAD)
def test_survey_refuses(tmp_path, classes, names, message):
    with pytest.raises(ValueError, match=message):
        layout.survey(write(tmp_path, names), classes)


def test_an_empty_class_folder_is_no_delivery(tmp_path, classes):
    (tmp_path / "ig").mkdir()
    with pytest.raises(ValueError, match="holds no image"):
        layout.survey(tmp_path, classes)


@pytest.mark.parametrize("place", ["ig/link", "link", "ig/deep/link"])
@pytest.mark.parametrize("target", ["a", "missing", "."])
def test_a_link_is_refused_wherever_it_leads(tmp_path, classes, place, target):
    write(tmp_path, ["ig/a", "ig/deep/b"])
    (tmp_path / place).symlink_to(target)
    with pytest.raises(ValueError, match="'link', a link"):
        layout.survey(tmp_path, classes)


def test_a_fifo_is_refused(tmp_path, classes):
    write(tmp_path, ["ig/a"])
    os.mkfifo(tmp_path / "ig/pipe")
    with pytest.raises(ValueError, match="'pipe', a device"):
        layout.survey(tmp_path, classes)
