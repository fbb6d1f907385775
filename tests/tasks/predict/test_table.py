import csv
import io

import pandas as pd
import pytest

from tasks.predict import table
from tasks.predict.judge import Row

HEADER = "file,class,best_guess,p_ig,p_ne,abstained,why\n"


def written(*rows: Row) -> str:
    stream = io.BytesIO()
    table.write(stream, ["ig", "ne"], rows)
    return stream.getvalue().decode()


@pytest.mark.parametrize(
    ("row", "line"),
    [
        pytest.param(
            Row("a.png", "ig", (0.9, 0.1), "answered", ""), "a.png,ig,ig,0.900000,0.100000,false,", id="answered"
        ),
        pytest.param(
            Row("a.png", "ne", (0.4, 0.6), "unsure", "p 0.6"),
            "a.png,,ne,0.400000,0.600000,true,unsure: p 0.6",
            id="unsure",
        ),
        pytest.param(
            Row("a.png", "ne", (0.0, 1.0), "ood", "score 9"),
            "a.png,,ne,0.000000,1.000000,true,ood: score 9",
            id="ood",
        ),
        pytest.param(
            Row("a.txt", "", (), "unreadable", 'no "image", none'),
            'a.txt,,,,,true,"unreadable: no ""image"", none"',
            id="unreadable",
        ),
        pytest.param(
            Row("ä\udcff.png", "", (), "unreadable", "x"), "ä\\udcff.png,,,,,true,unreadable: x", id="not UTF-8"
        ),
    ],
)
def test_a_line(row, line):
    assert written(row) == f"{HEADER}{line}\n"
    assert written(row).encode().startswith(table.BEGINNING)


def test_a_name_with_a_newline_stays_one_row():
    (row,) = list(csv.DictReader(io.StringIO(written(Row("a\nb.png", "ig", (0.9, 0.1), "answered", "")), newline="")))
    assert row["file"] == "a\nb.png"


def test_pandas_reads_it_and_an_abstention_is_no_answer():
    rows = [
        Row("a", "ig", (0.9, 0.1), "answered", ""),
        Row("b", "ne", (0.4, 0.6), "unsure", "p"),
        Row("c", "", (), "unreadable", "x"),
    ]
    read = pd.read_csv(io.StringIO(written(*rows)))
    assert read["abstained"].dtype == bool
    assert read["class"].isna().tolist() == read["abstained"].tolist() == [False, True, True]
    assert read["p_ne"].tolist()[:2] == [0.1, 0.6]


def test_rows_are_counted_by_outcome_and_the_stream_stays_open():
    stream = io.BytesIO()
    counts = table.write(
        stream, ["ig"], [Row("a", "ig", (1.0,), "answered", "")] * 2 + [Row("b", "", (), "unreadable", "")]
    )
    assert counts == {"answered": 2, "unreadable": 1}
    assert not stream.closed


def test_rows_that_fail_leave_the_stream_to_its_owner():
    def failing():
        yield Row("a", "ig", (1.0,), "answered", "")
        raise ValueError("damaged")

    stream = io.BytesIO()
    with pytest.raises(ValueError, match="damaged"):
        table.write(stream, ["ig"], failing())
    assert not stream.closed


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "'"])
def test_no_spreadsheet_runs_a_name_as_a_formula(start):
    name = f"{start}cmd|' /C calc'!A0.png"
    (row,) = csv.DictReader(io.StringIO(written(Row(name, "ig", (0.9, 0.1), "answered", "")), newline=""))
    assert row["file"] == f"'{name}"
    assert row["file"].removeprefix("'") == name
