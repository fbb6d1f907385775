"""The watch over a reader notices whatever a reader must not do."""

import os
import signal
from pathlib import Path

import pytest

from tests.support import fuzz


def fine(content: bytes, work: Path) -> str:
    (work / "folder").mkdir()
    (work / "folder/file").write_bytes(content)
    return "read"


def outside(_content: bytes, work: Path) -> str:
    (work.parent / "strayed").write_bytes(b"")
    return "read"


def endless(_content: bytes, _work: Path) -> str:
    while True:
        pass


def large(_content: bytes, _work: Path) -> str:
    return str(len(b"x" * (200 << 20)))


def crash(_content: bytes, _work: Path) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return "read"


def two_lines(_content: bytes, _work: Path) -> str:
    raise ValueError("one\ntwo")


def another(_content: bytes, _work: Path) -> str:
    raise KeyError("key")


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (outside, "did outside of its folder: open .*strayed"),
        (endless, "-27: over 1 s"),
        (large, "took 2.. MiB"),
        (crash, "ended the process with -9"),
        (two_lines, "said no line of use"),
        (another, "raised KeyError"),
    ],
)
def test_a_reader_that_does_what_it_must_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: fuzz.Reader, said: str
) -> None:
    monkeypatch.setattr(fuzz, "SECONDS", 1)
    monkeypatch.setattr(fuzz, "MEMORY", 100 << 20)
    with pytest.raises(AssertionError, match=f"input 0 .*{said}"):
        fuzz.met(read, [b"content"], tmp_path)
    assert (tmp_path / "input").read_bytes() == b"content"


def test_a_reader_that_does_nothing_of_that(tmp_path: Path) -> None:
    assert fuzz.met(fine, [b"a", b"b"], tmp_path) == {"read": 2}


def test_the_same_seed_does_the_same_damage() -> None:
    samples = [bytes(range(200)), b"\x89PNG\r\n\x1a\n" + bytes(100)]
    once, again = (list(fuzz.damaged(samples, 50, seed=3)) for _ in range(2))
    assert once == again
    assert len(set(once)) > 40
    assert once != list(fuzz.damaged(samples, 50, seed=4))
