import ctypes
import errno
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from operations.registry import exchange

HERE = Path(__file__).parents[3]
SWITCHES = 200
READER = """
import hashlib, json, sys
from pathlib import Path
from operations.registry.exchange import pinned

place, stop = Path(sys.argv[1]), Path(sys.argv[2])
reads, seen = 0, set()
print("ready", flush=True)
while not stop.exists():
    with pinned(place) as folder:
        described = json.loads((folder / "model.json").read_bytes())
        for name, digest in described["files"].items():
            found = hashlib.md5((folder / name).read_bytes()).hexdigest()
            assert found == digest, f"{described['number']}: {name} is another one's"
        assert sorted(path.name for path in folder.iterdir()) == ["model.json", *sorted(described["files"])]
    reads, seen = reads + 1, seen | {described["number"]}
print(json.dumps([reads, len(seen)]))
"""


def made(folder: Path, number: int) -> Path:
    """A folder of files that belong together."""
    folder.mkdir(parents=True)
    contents = {f"part{k}": f"{number}.{k}".encode() * 20 for k in range(6)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    digests = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    (folder / "model.json").write_text(json.dumps({"number": number, "files": digests}))
    return folder


def number(folder: Path) -> int:
    return json.loads((folder / "model.json").read_text())["number"]


@pytest.fixture(params=["at once", "in steps"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How folders change places: as this system can, and as one does that has no exchange."""
    if request.param == "in steps":
        monkeypatch.setattr(exchange, "_at_once", lambda one, other: False)
    return str(request.param)


def test_folders_change_places(tmp_path: Path, way: str) -> None:
    one, other = made(tmp_path / "one", 1), made(tmp_path / "deeper/other", 2)
    exchange.exchange(one, other)
    assert (number(one), number(other)) == (2, 1)
    assert sorted(path.name for path in [*tmp_path.iterdir(), *other.parent.iterdir()]) == ["deeper", "one", "other"]


def test_a_folder_that_is_not_there_is_an_error_and_changes_nothing(tmp_path: Path, way: str) -> None:
    one = made(tmp_path / "one", 1)
    with pytest.raises(FileNotFoundError, match="other"):
        exchange.exchange(one, tmp_path / "other")
    assert number(one) == 1


@contextmanager
def readers(place: Path, stop: Path, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-c", READER, str(place), str(stop)]
    started = [subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for reader in started:
            assert reader.stdout.readline() == "ready\n"
        yield started
    finally:
        stop.touch()
        for reader in started:
            reader.wait(timeout=60)


def test_readers_see_one_folder_throughout_while_it_is_replaced(tmp_path: Path, way: str) -> None:
    place, stop = made(tmp_path / "champion", 0), tmp_path / "stop"
    with readers(place, stop, 2) as started:
        for k in range(1, SWITCHES + 1):
            fresh = made(tmp_path / "next", k)
            exchange.exchange(fresh, place)
            exchange.retire(fresh, tmp_path / "former")
    for reader in started:
        assert reader.returncode == 0
        reads, seen = json.loads(reader.stdout.read())
        assert reads >= seen > 5, "the reader met too few of the folders to tell anything"
    assert number(place) == SWITCHES
    exchange.retire(made(tmp_path / "last", -1), tmp_path / "former")
    assert len(list((tmp_path / "former").iterdir())) == 1, "with no reader left, one former folder is kept"


def test_a_folder_is_kept_while_it_is_read_however_often_it_was_replaced(tmp_path: Path) -> None:
    place, former = made(tmp_path / "champion", 0), tmp_path / "former"
    with exchange.pinned(place) as folder:
        for k in range(1, 5):
            exchange.exchange(made(tmp_path / "next", k), place)
            exchange.retire(tmp_path / "next", former)
        assert number(folder) == 0
        assert (folder / "part5").read_bytes() == b"0.5" * 20
        assert sorted(map(number, former.iterdir())) == [0, 3]
    exchange.exchange(made(tmp_path / "next", 5), place)
    exchange.retire(tmp_path / "next", former)
    assert sorted(map(number, former.iterdir())) == [4]


def test_threads_pin_each_their_own(tmp_path: Path) -> None:
    place, seen = made(tmp_path / "champion", 0), {}
    inside, replaced = threading.Barrier(2), threading.Event()

    def read() -> None:
        with exchange.pinned(place) as folder:
            inside.wait()
            replaced.wait(10)
            seen["before"] = number(folder)

    reader = threading.Thread(target=read)
    reader.start()
    inside.wait()
    exchange.exchange(made(tmp_path / "next", 1), place)
    with exchange.pinned(place) as folder:
        seen["after"] = number(folder)
        replaced.set()
        reader.join()
    assert seen == {"before": 0, "after": 1}


def test_a_folder_that_is_removed_between_opening_and_locking_it_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = made(tmp_path / "champion", 0)
    lock, calls = exchange._lock, []

    def late(descriptor: int, how: int) -> bool:
        if not calls:
            calls.append(how)
            for k in (1, 2):
                exchange.exchange(made(tmp_path / "next", k), place)
                exchange.retire(tmp_path / "next", tmp_path / "former")
        return lock(descriptor, how)

    monkeypatch.setattr(exchange, "_lock", late)
    with exchange.pinned(place) as folder:
        assert number(folder) == 2


def test_nothing_to_pin_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="champion"), exchange.pinned(tmp_path / "champion"):
        pass


def test_without_proc_the_name_itself_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = made(tmp_path / "champion", 0)
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: not str(path).startswith("/proc") and exists(path))
    with exchange.pinned(place) as folder:
        assert folder == place


@pytest.mark.parametrize("code", sorted(exchange.CANNOT), ids=errno.errorcode.get)
def test_what_a_system_without_the_exchange_answers_leads_to_renames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*arguments: object) -> int:
        ctypes.set_errno(code)
        return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *args, **options: type("Library", (), {"renameat2": refuse})())
    exchange.exchange(made(tmp_path / "one", 1), made(tmp_path / "other", 2))
    assert (number(tmp_path / "one"), number(tmp_path / "other")) == (2, 1)


def test_another_answer_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> int:
        ctypes.set_errno(errno.EACCES)
        return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *args, **options: type("Library", (), {"renameat2": refuse})())
    with pytest.raises(PermissionError):
        exchange.exchange(made(tmp_path / "one", 1), made(tmp_path / "other", 2))
    assert number(tmp_path / "other") == 2
