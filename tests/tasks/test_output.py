from pathlib import Path

import pytest

from tasks import output


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("a.txt", None, ValueError, r"expected the path of a CSV, as rows\.csv, got .*a\.txt"),
        ("new/a.csv", None, FileNotFoundError, r"new: no such folder to write a\.csv into"),
        ("a.csv", b"name,id\n", FileExistsError, r"a\.csv exists and is no table of rows: give another path"),
    ],
    ids=["suffix", "folder", "something else"],
)
def test_what_stands_in_the_way_is_named(tmp_path: Path, name, content, error, message) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        check(tmp_path / name)


def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(FileExistsError):
        check(tmp_path / "a.csv")


@pytest.mark.parametrize("content", [None, b"", b"id,name\n1,x\n"], ids=["nothing", "empty", "an earlier one"])
def test_what_may_be_replaced_passes(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.CSV").write_bytes(content)
    check(tmp_path / "a.CSV")


def check(file: Path) -> None:
    output.check_name(file, "rows.csv")
    output.check_place(file, b"id,", "table of rows")
