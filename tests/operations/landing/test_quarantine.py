"""Where entries go that are no new delivery."""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from operations.landing import quarantine


def test_put_aside_keeps_everything_and_counts(project: Any) -> None:
    places = []
    for text in ("first", "second"):
        (project.incoming / "batch.zip").write_text(text)
        (project.incoming / "batch.zip.complete").touch()
        places.append(quarantine.put_aside(project.incoming / "batch.zip", f"the {text} is bad"))
    assert [place.name for place in places] == ["batch.zip-1", "batch.zip-2"]
    assert [(place / "batch.zip").read_text() for place in places] == ["first", "second"]
    assert [(place / "reason.txt").read_text() for place in places] == ["the first is bad\n", "the second is bad\n"]
    assert project.in_incoming() == []
    facts = json.loads((places[0] / "reason.json").read_text())
    assert {name: facts[name] for name in ("entry", "outcome", "reason")} == {
        "entry": "batch.zip",
        "outcome": "Quarantined",
        "reason": "the first is bad",
    }
    assert facts["when"].startswith("20")


def test_the_same_bytes_lie_there_once_with_the_last_reason(project: Any) -> None:
    for name in ("one", "two"):
        entry = project.drop(name, project.BAD, marked=True)
        place = quarantine.put_aside(entry, f"{name} is bad")
    assert place.name == "one-1"
    assert project.reasons() == {"one-1": "two is bad"}
    assert project.content(place / "one") == project.BAD
    assert project.in_incoming() == []


@pytest.mark.parametrize("spoil", ["edited", "emptied", "no facts", "facts edited"])
def test_a_twin_that_is_not_there_any_more_counts_for_nothing(project: Any, spoil: str) -> None:
    place = quarantine.put_aside(project.drop("bad", project.BAD), "bad")
    if spoil == "edited":
        (place / "bad/blast/a.png").write_bytes(b"mended")
    elif spoil == "emptied":
        (place / "bad").rename(project.root / "bad")
    else:
        (place / "reason.json").write_text("" if spoil == "no facts" else "[]")
    again = quarantine.put_aside(project.drop("bad", project.BAD), "bad")
    assert again.name == "bad-2"
    assert project.content(again / "bad") == project.BAD


def test_from_another_file_system(project: Any) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == project.root.stat().st_dev:
        pytest.skip("no other file system at /dev/shm")
    entry = shared / f"hemaflow-{os.getpid()}/bad"
    project.write(entry, project.BAD)
    (entry / "link").symlink_to("blast")
    place = quarantine.put_aside(entry, "bad")
    assert project.content(place / "bad") == project.BAD
    assert (place / "bad/link").is_symlink()
    assert list(entry.parent.iterdir()) == [place.parent], "nothing leaves the landing folder"
    shutil.rmtree(entry.parent)


def test_a_full_disk_leaves_the_entry_where_it_is(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    entry = project.drop("bad", project.BAD)
    monkeypatch.setattr(quarantine, "_say", full)
    with pytest.raises(OSError, match="No space"):
        quarantine.put_aside(entry, "bad")
    assert project.content(entry) == project.BAD
    assert list(project.quarantine.iterdir()) == []
