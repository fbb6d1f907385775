"""Damaged tables of labels, by the way of `add`."""

from pathlib import Path

import pytest

from tasks.delivery.intake import take_in
from tests.hostile.test_containers import CLASSES, png
from tests.support import fuzz

NOTE = b"a large one, " * 40
SAMPLES = [
    b'file,label,note\na.png,ig,"%s"\nb.png,ne,\n' % NOTE,
    b"\xef\xbb\xbffile;label;split;note\r\nimages/a.png;ig;train;%s\r\nimages/b.png;ne;test;\r\n" % NOTE,
    b'"note"\t"file_name"\t"class"\n"%s"\t"a.png"\t"ig"\n"a ""small"" one"\t"b.png"\t"ne"\n' % NOTE,
    f"file|label|note\na|ig|{NOTE.decode()}\nb|neutrophil|\n".encode("utf-16"),
]
IMAGE = png()


def _read(content: bytes, work: Path) -> str:
    folder = work / "set"
    (folder / "images").mkdir(parents=True)
    for name in ("a.png", "b.png"):
        (folder / "images" / name).write_bytes(IMAGE)
    (folder / "labels.csv").write_bytes(content)
    taken = take_in(folder, work / "staging", CLASSES)
    assert 2 <= taken.images <= 3
    return "added"


@pytest.mark.parametrize("number", [60, pytest.param(10_000, marks=pytest.mark.long)])
def test_a_damaged_table_is_labels_or_one_error(tmp_path: Path, number: int) -> None:
    assert fuzz.met(_read, SAMPLES, tmp_path) == {"added": len(SAMPLES)}
    counts = fuzz.met(_read, fuzz.damaged(SAMPLES, number, seed=number), tmp_path)
    assert set(counts) == {"added", "error"}
    assert min(counts.values()) > number / 20


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"file,label\n" + b'"' * 300_000, id="a quote that does not end"),
        pytest.param(b"file,label\n" + b"a.png,ig\n" * 30_000, id="the same line again and again"),
        pytest.param(b",".join([b"file,label"] * 50_000) + b"\na.png,ig\n", id="a hundred thousand columns"),
        pytest.param(b"\0" * 100_000, id="zeros"),
        pytest.param((b"'\"" * 2000 + b",") * 50, id="quotes"),
        pytest.param(b"file,label\n" + b"n" * 65_536 + b",ig\n", id="a name of 64 KiB"),
        pytest.param(b"file,label\n../../../etc/passwd,ig\n", id="a path that climbs"),
    ],
)
def test_a_hostile_table_is_labels_or_one_error(tmp_path: Path, content: bytes) -> None:
    (found,) = fuzz.met(_read, [content], tmp_path)
    assert found == ("added" if content.count(b"a.png,ig\n") > 1 else "error")
