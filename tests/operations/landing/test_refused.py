"""What can be no delivery goes to the quarantine, as it came."""

import json
import os
import subprocess
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from flows import events
from operations.deliveries import add_remove
from operations.landing import landing_zone
from operations.landing.landing import Landed, Outcome
from tests.support.users import ALONE, NOBODY, SUPERUSER

PNG = b"\x89PNG\r\n\x1a\n"
not_alone = pytest.mark.skipif(ALONE, reason="there is no user but the superuser")
as_superuser = pytest.mark.skipif(ALONE or not SUPERUSER, reason="only the superuser can make what belongs to another")


def _unknown_class(project: Any) -> Path:
    return project.drop("bad", {"blast/a.png": PNG})


def _damaged(project: Any) -> Path:
    return project.drop("", {"bad.zip": b"PK\3\4 and no more"}) / "bad.zip"


def _nameless(project: Any) -> Path:
    return project.drop("血液", project.GOOD)


def _name_of_dvc(project: Any) -> Path:
    return project.drop("x.dvc", project.GOOD)


def _not_utf8(project: Any) -> Path:
    return project.drop(os.fsdecode(b"\xff\xfe"), project.GOOD)


def _long_name(project: Any) -> Path:
    return project.drop("é" * 127, {"blast/a.png": PNG})


def _named_as_the_reason(project: Any) -> Path:
    return project.drop("", {"reason.txt": b"no delivery"}) / "reason.txt"


def _folder_named_as_a_mark(project: Any) -> Path:
    return project.drop("bad.complete", {"blast/a.png": PNG})


def _link_to_a_delivery(project: Any) -> Path:
    project.write(project.root / "elsewhere", project.GOOD)
    (project.incoming / "link").symlink_to(project.root / "elsewhere")
    return project.incoming / "link"


def _dangling_link(project: Any) -> Path:
    (project.incoming / "link").symlink_to("nowhere")
    return project.incoming / "link"


def _holds_a_link(project: Any) -> Path:
    entry = project.drop("links", project.GOOD)
    (entry / "ig/b.png").symlink_to("a.png")
    return entry


def _pipe(project: Any) -> Path:
    os.mkfifo(project.incoming / "pipe")
    return project.incoming / "pipe"


def _label_numbers_without_names(project: Any) -> Path:
    np.savez(project.incoming / "a.npz", images=np.zeros((2, 1, 1, 3), np.uint8), labels=[0, 1])
    return project.incoming / "a.npz"


def _no_depth(project: Any) -> Path:
    entry = project.drop("dark", {"ig/note.txt": b"dark"})
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(entry / "ig/a.png")
    return entry


BAD: list[tuple[Callable[[Any], Path], str]] = [
    (_unknown_class, "unknown class folder 'blast'"),
    (_no_depth, "which tells no depth: state it with --depth, 8 to 32 bits or 0..1"),
    (_label_numbers_without_names, "its labels are numbers, and nothing says which classes they stand for: give the"),
    (_damaged, "damaged or cut short"),
    (_nameless, "has to be renamed"),
    (_name_of_dvc, "has to be renamed"),
    (_not_utf8, r"'\udcff\udcfe' has to be renamed"),
    (_long_name, "unknown class folder 'blast'"),
    (_named_as_the_reason, "or an archive"),
    (_folder_named_as_a_mark, "unknown class folder 'blast'"),
    (_link_to_a_delivery, "'link' is a link to '/"),
    (_dangling_link, "'link' is a link to 'nowhere'"),
    (_holds_a_link, "a link, expected files and folders alone"),
    (_pipe, "or an archive"),
]


@pytest.mark.parametrize(("fill", "message"), BAD, ids=[case[0].__name__.strip("_") for case in BAD])
def test_bad_ones_go_to_the_quarantine_as_they_came(project: Any, fill: Any, message: str) -> None:
    entry = fill(project)
    before = _described(entry)
    landed = project.look()
    assert [each.outcome for each in landed] == [Outcome.QUARANTINED]
    landed[0].message.encode()
    [(place, reason)] = project.reasons().items()
    assert message in reason
    things = [path for path in (project.quarantine / place).iterdir() if "reason." not in path.name[:7]]
    assert [_described(thing) for thing in things] == [before]
    assert project.in_incoming() == []
    assert project.listed() == ["demo"]
    assert (project.root / "data/raw/demo").is_dir()


def _described(entry: Path) -> Any:
    """What a path is, whatever its name."""
    if entry.is_symlink():
        return f"link to {entry.readlink()}"
    if entry.is_dir():
        return {path.relative_to(entry): _described(path) for path in entry.iterdir()}
    return entry.read_bytes() if entry.is_file() else "device"


def test_a_library_that_fails_in_its_own_way_is_the_entrys_fault(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def take_in(*_arguments: Any) -> None:
        raise KeyError("header")

    project.drop("batch", project.GOOD)
    monkeypatch.setattr(add_remove, "take_in", take_in)
    assert [each.outcome for each in project.look()] == [Outcome.QUARANTINED]
    assert "KeyError: 'header'" in project.reasons()["batch-1"]


@pytest.fixture
def anyones(project: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The project where every user may go, which is not so for pytest's folders; it belongs to `nobody`, if to any."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        theirs = type(project)(Path(folder) / "project", project.first)
        monkeypatch.setattr(events, "accepted", theirs.emit)
        _give(theirs.root)
        yield theirs


def _give(path: Path, user: str = "nobody") -> None:
    if SUPERUSER:
        subprocess.run(["chown", "-R", user, path], check=True)


def _as_nobody(work: Callable[[], list[Landed]]) -> list[str]:
    """The outcomes, in a child that is no superuser."""
    import dvc.repo  # noqa: F401  # Python may lie in the superuser's home, out of which the child could load nothing

    read, wrote = os.pipe()
    child = os.fork()
    if not child:
        try:
            if SUPERUSER:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            os.write(wrote, json.dumps([each.outcome for each in work()]).encode())
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.close(wrote)
    os.waitpid(child, 0)
    with os.fdopen(read) as stream:
        return list(json.load(stream))


@not_alone
def test_what_cannot_be_read(anyones: Any) -> None:
    entry = anyones.drop("secret", anyones.GOOD)
    _give(entry)
    (entry / "ig/a.png").chmod(0)
    assert _as_nobody(anyones.look) == [Outcome.QUARANTINED]
    assert "Permission denied" in anyones.reasons()["secret-1"]
    assert (anyones.quarantine / "secret-1/secret/platelet/b.png").exists()
    assert anyones.listed() == ["demo"]


@not_alone
def test_folders_that_are_read_only(anyones: Any) -> None:
    """As a copy of a disc is: its owner may rename it where it lies, and has to open it to empty it."""
    for name, files in (("a-good", anyones.GOOD), ("bad", anyones.BAD)):
        entry = anyones.drop(name, files)
        _give(entry)
        for folder in (*entry.iterdir(), entry):
            folder.chmod(0o555)
    assert _as_nobody(anyones.look) == [Outcome.ACCEPTED, Outcome.QUARANTINED]
    assert anyones.in_incoming() == []
    assert anyones.content(anyones.quarantine / "bad-1/bad") == anyones.BAD


@as_superuser
@pytest.mark.parametrize("good", [True, False], ids=["good", "bad"])
def test_the_folder_of_another_user(anyones: Any, good: bool) -> None:
    """It can be read and, in a folder where all may write, renamed, but not emptied: it does not come twice."""
    anyones.drop("batch", anyones.GOOD if good else anyones.BAD)
    assert _as_nobody(anyones.look) == [Outcome.ACCEPTED if good else Outcome.QUARANTINED]
    assert _as_nobody(anyones.look) == []
    assert landing_zone.entries(anyones.incoming) == []
    assert anyones.listed() == (["demo", "batch"] if good else ["demo"])
    assert sorted(anyones.reasons()) == ([] if good else ["batch-1"])


@as_superuser
def test_what_can_be_neither_moved_nor_read_is_stuck_and_stops_no_other(anyones: Any) -> None:
    entry = anyones.drop("locked", anyones.GOOD)
    entry.chmod(0)
    anyones.drop("other", anyones.GOOD)
    assert _as_nobody(anyones.look) == [Outcome.STUCK, Outcome.ACCEPTED]
    assert anyones.content(entry) == anyones.GOOD
    assert anyones.listed() == ["demo", "other"]
    assert anyones.reasons() == {}
