"""Readers of the champion in processes of their own, while others take its place and the disk is cleaned."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from operations import clean_up
from operations.registry import champion, champion_data, switch
from operations.registry.champion import current
from tests.support import crowning

HERE = Path(__file__).parents[3]
SWITCHES = 40
READER = """
import json, sys
from pathlib import Path
from operations.registry.champion import current
from tests.support.crowning import contents

root, stop = Path(sys.argv[1]), Path(sys.argv[2])
reads, seen = 0, set()
print("ready", flush=True)
while not stop.exists():
    now = current(root)
    files = contents(root / now.folder)
    assert json.loads(files["champion.json"])["tag"] == now.tag, "another one's"
    word = now.tag.encode()
    assert {name: text.split()[0] for name, text in files.items() if name != "champion.json"} == {
        f"part{k}": word for k in range(6)
    }, "a mix"
    reads, seen = reads + 1, seen | {now.tag}
print(json.dumps([reads, len(seen)]))
"""


@pytest.fixture
def root(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a champion, whose git does not matter."""
    monkeypatch.setattr(switch, "_record", lambda root: None)
    take_place(fresh, 1)
    return fresh


def take_place(root: Path, number: int) -> Path:
    """Have that one be the champion, as a promotion does; its folder."""
    facts = {**crowning.ABOUT, "tag": f"champion/{number}", "model": f"{number}" * 64}
    with switch.building(root) as place:
        (place / "champion").mkdir()
        for k in range(6):
            (place / f"champion/part{k}").write_text(f"champion/{number} part {k}" * 100)
        (place / "champion/champion.json").write_text(json.dumps(facts))
        text = champion_data.add(root, facts)
    switch.make(root, text)
    now = current(root)
    assert now is not None
    return root / now.folder


@contextmanager
def readers(root: Path, stop: Path, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-c", READER, str(root), str(stop)]
    started = [subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for reader in started:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "ready\n"
        yield started
    finally:
        stop.touch()
        for reader in started:
            reader.wait(timeout=60)


def test_readers_see_one_champion_throughout(root: Path, tmp_path: Path) -> None:
    with readers(root, tmp_path / "stop", 2) as started:
        for number in range(2, SWITCHES + 1):
            take_place(root, number)
            clean_up._sweep_state(root, clean_up.Found(), dry=False)
    for reader in started:
        assert reader.returncode == 0
        assert reader.stdout is not None
        reads, seen = json.loads(reader.stdout.read())
        assert reads >= seen > 5, "the reader met too few champions to tell anything"
    assert len(list((root / "data/champions").iterdir())) == SWITCHES


def test_a_folder_that_was_named_long_ago_goes_and_one_named_just_now_stays(root: Path) -> None:
    """However old their files are: the days count from when the pointer named another one."""
    folders = {number: take_place(root, number) for number in (2, 3, 4)}
    long_ago = time.time() - (clean_up.DAYS + 1) * 86400
    for path in (root / "data/champions").rglob("*"):
        os.utime(path, (long_ago, long_ago))
    folders[5] = take_place(root, 5)
    os.utime(folders[5], (long_ago, long_ago))
    found = clean_up.Found()
    clean_up._sweep_state(root, found, dry=False)
    assert str(found) == "3 former champions' folders"
    assert sorted((root / "data/champions").iterdir()) == [folders[4], folders[5]], "the one before, and the champion"


def test_without_a_folder_of_its_own_the_pointer_still_says_who_it_is(root: Path) -> None:
    now = champion.current(root)
    assert now is not None
    (root / now.folder).rename(root / "elsewhere")
    assert champion.current(root) == now
