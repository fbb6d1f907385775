"""Images with a table of labels."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tasks.delivery import raw
from tasks.delivery.intake import take_in
from tasks.params import Classes

CLASSES = Classes.model_validate({"ig": ["immature granulocyte"], "neutrophil": ["ne"], "NK/T cell": []})


def image() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(stream, "PNG")
    return stream.getvalue()


def write(folder: Path, table: str | bytes, *files: str, name: str = "labels.csv") -> Path:
    for file in files or ("a.png", "b.png", "c.png"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(image())
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(table.encode() if isinstance(table, str) else table)
    return folder


def labels(folder: Path) -> dict[str, str]:
    return {row.source: row.label for row in raw.rows(folder, CLASSES)}


THREE = {"a.png": "ig", "b.png": "neutrophil", "c.png": ""}
GOOD = {
    "commas": "file,label\na.png,ig\nb.png,NE\n",
    "semicolons": "file;label\na.png;ig\nb.png;ne\n",
    "tabs": "file\tlabel\na.png\tig\nb.png\tne\n",
    "bars": "file|label\na.png|ig\nb.png|ne\n",
    "quotes": '"file","label"\n"a.png","ig"\n"b.png","ne"\n',
    "other columns": "n,Cell Type,x,File Name\n1,ig,?,a.png\n2,ne,?,b.png\n",
    "commas in other columns": 'file,label,note\na.png,ig,"large, blue"\nb.png,ne,"x; y"\n',
    "without endings": "image_id,diagnosis\na,ig\nb,ne\n",
    "paths": "path,class\n./a.png,ig\n.\\b.png,ne\n",
    "blank lines": "\nfile,label\n\na.png,ig\n,,\nb.png,ne\n\n",
    "an empty class": "file,label\na.png,ig\nb.png,ne\nc.png,\n",
    "twice the same": "file,label\na.png,ig\nb.png,ne\na.png,ig\n",
    "Windows": "\ufefffile;label\r\na.png;ig\r\nb.png;ne\r\n",
    "UTF-16": "file\tlabel\na.png\tig\nb.png\tne\n".encode("utf-16"),
    "Excel's first line": "sep=;\r\nfile;label\r\na.png;ig\r\nb.png;ne\r\n",
    "Excel's first line, quoted": '"sep=,"\nfile,label\na.png,ig\nb.png,ne\n',
    "an index without a name": ",file,label\n0,a.png,ig\n1,b.png,ne\n",
    "empty cells at the end": "file,label\na.png,ig,,\nb.png,ne\n",
    "lines of an old Mac": "file,label\ra.png,ig\rb.png,ne\r",
    "an alias": "file,label\na.png,Immature_Granulocyte\nb.png,ne\n",
}


@pytest.mark.parametrize("table", GOOD.values(), ids=GOOD)
def test_labels_are_those_of_the_table(tmp_path: Path, table: str | bytes) -> None:
    assert labels(write(tmp_path, table)) == THREE


BAD = {
    "no label": ("file,size\na.png,1\n", "labels.csv: expected a header with the file .*, got the columns file, size"),
    "no file": ("x,label\na.png,ig\n", "expected a header .*, got the columns x, label"),
    "no header": ("a.png,ig\nb.png,ne\n", "expected a header .*, got the columns a.png, ig"),
    "two labels": ("file,label,class\na.png,0,ig\n", "got the columns file, label, class"),
    "a class twice": ("file,label,label\na.png,ig,ne\n", "one file and one class alone: .*columns file, label, label"),
    "a file twice": ("file,file,label\na.png,b.png,ig\n", "one file and one class alone: .*columns file, file, label"),
    "UTF-16 without a mark": ("file,label\na.png,ig\n".encode("utf-16-le"), "in UTF-16 with a byte order mark"),
    "a line cut short": ("file,label\na.png,ig\nb.png", "line 3: has 1 cells, expected 2, as the header"),
    "a comma without quotes": ("note,label,file\nlarge, ig,ne,a.png\n", "line 2: has 4 cells, expected 3"),
    "two splits of a file": ("file,label,split\na.png,ig,test\na.png,ig,train\n", "line 3: 'a.png' is 'train', but 't"),
    "an unknown split": ("file,label,split\na.png,ig,train\nb.png,ig,dev\n", "'dev' is no split, expected one of tr"),
    "empty": ("", "got the columns nothing"),
    "a file that is not there": ("file,label\nz.png,ig\ny.png,ig\n", "names 2 files that are not there, such as 'z"),
    "two classes of a file": ("file,label\na.png,ig\na.png,ne\n", "line 3: 'a.png' is 'ne', but 'ig' in line 2"),
    "an unknown class": ("file,label\na.png,blast\n", "unknown class 'blast', expected ig, neutrophil"),
    "another encoding": (b"file,label\na.png,\xe4\n", "expected text in UTF-8: .* at byte 17"),
    "a cell of 200 KB": (f"file,label\n{'a' * 200_000},ig\n", "line 2: field larger than field limit"),
}


@pytest.mark.parametrize(("table", "message"), BAD.values(), ids=BAD)
def test_a_wrong_table_is_refused_in_one_line(tmp_path: Path, table: str | bytes, message: str) -> None:
    write(tmp_path / "set", table)
    with pytest.raises(ValueError, match=message) as refused:
        take_in(tmp_path / "set", tmp_path / "staging", CLASSES)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "set"))


def test_the_images_may_lie_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "file,label\na.png,ig\nscans/b.png,ne\n", "scans/a.png", "scans/b.png")
    assert labels(tmp_path) == {"scans/a.png": "ig", "scans/b.png": "neutrophil"}


def test_the_table_may_lie_beside_them(tmp_path: Path) -> None:
    write(tmp_path, "file\tlabel\na.png\tig\n", "scans/a.png", "other/a.png", name="scans/labels.tsv")
    assert labels(tmp_path) == {"other/a.png": "", "scans/a.png": "ig"}


def test_a_name_that_is_there_twice_needs_its_path(tmp_path: Path) -> None:
    write(tmp_path, "file,label\na.png,ig\n", "x/a.png", "y/a.png")
    with pytest.raises(ValueError, match=r"line 2: 'a.png' may be x/a.png or y/a.png, expected its path"):
        labels(tmp_path)


def test_a_folder_of_another_class_contradicts_the_table(tmp_path: Path) -> None:
    write(tmp_path, "file,label\nig/a.png,ig\nne/b.png,ig\n", "ig/a.png", "ne/b.png")
    with pytest.raises(ValueError, match="says 'ig' of 'ne/b.png', which lies in the folder of neutrophil"):
        labels(tmp_path)


def test_a_table_of_something_else_beside_class_folders_is_a_file(tmp_path: Path) -> None:
    write(tmp_path, "file,size\nig/a.png,1\n", "ig/a.png")
    assert labels(tmp_path) == {"ig/a.png": "ig", "labels.csv": ""}


def test_two_tables_of_labels_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "file,label\na.png,ig\n", name="one.csv")
    write(tmp_path, "file,label\na.png,ne\n", name="two.csv")
    with pytest.raises(ValueError, match=r"several tables of labels \(one.csv, two.csv\), expected one"):
        labels(tmp_path)


def test_the_split_is_that_of_its_column_or_of_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "file,label,Split\na.png,ig,Train\nb.png,ig,\n", "test/a.png", "test/b.png")
    assert [row.split for row in raw.rows(tmp_path, CLASSES)] == ["train", "test"]


def test_a_column_of_other_sets_is_no_split(tmp_path: Path) -> None:
    write(tmp_path, "file,label,set\na.png,ig,A\nb.png,ig,B\n")
    assert {row.split for row in raw.rows(tmp_path, CLASSES)} == {""}


def test_labels_in_a_spreadsheet_are_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "set", b"PK", name="Labels.XLSX")
    with pytest.raises(ValueError, match=r"holds 'Labels.XLSX', a spreadsheet, which is not read: save its labels as"):
        take_in(tmp_path / "set", tmp_path / "staging", CLASSES)
    write(tmp_path / "other", b"PK", "ig/a.png", name="patients.xlsx")
    assert take_in(tmp_path / "other", tmp_path / "again", CLASSES).classes == {"ig": 1, "": 1}


def test_a_delivery_without_a_table_has_no_class(tmp_path: Path) -> None:
    write(tmp_path / "set", "", name="notes.txt")
    taken = take_in(tmp_path / "set", tmp_path / "staging", CLASSES)
    assert (taken.images, taken.classes, taken.record.names) == (4, {"": 4}, [])
