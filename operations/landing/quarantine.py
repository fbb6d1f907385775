"""The quarantine: `FOLDER/quarantine/NAME-<n>/`, where an entry of a landing folder goes that is no new delivery.

The entry lies there as it came, beside `reason.txt`, which a person reads, and `reason.json` with the same and more.
Bytes that lie there already come to lie there no second time: a folder that is handed in again every week is kept
once, with the reason and time of the last.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from operations.landing import landing_zone
from operations.landing.landing_zone import QUARANTINE
from tasks import atomic

REASON, FACTS = "reason.txt", "reason.json"
STAGING, PART = ".staging-", ".part"
NAME_BYTES = 200


def put_aside(entry: Path, reason: str, outcome: str = "Quarantined") -> Path:
    """Move an entry to the quarantine of its landing folder, and say why; returns the folder in which it lies then.

    Whole, or not at all: a crash leaves it where it was, or for `clear` to go on with. Raises OSError, and then the
    entry is where it was still.
    """
    aside = entry.parent / QUARANTINE
    aside.mkdir(exist_ok=True)
    digest = _digest(entry)
    facts: dict[str, Any] = {"entry": entry.name, "when": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "outcome": outcome}
    facts |= {"reason": reason, "digest": digest}
    twin = _twin(aside, digest)
    if twin:
        _say(twin, facts)
        landing_zone.remove(entry)
        return twin
    staging = aside / f"{STAGING}{os.urandom(8).hex()}"
    staging.mkdir()
    try:
        _say(staging, facts)
        return _moved(entry, staging)
    except OSError:
        if staging.is_dir() and not _things(staging):
            shutil.rmtree(staging, ignore_errors=True)
        raise


def leftovers(folder: Path) -> list[Path]:
    """What a killed `put_aside` left behind."""
    half_written = (f"*/.{name}.*" for name in (REASON, FACTS))
    return sorted(path for each in (f"{STAGING}*", *half_written) for path in (folder / QUARANTINE).glob(each))


def clear(folder: Path) -> None:
    """Finish what killed calls of `put_aside` began: what had arrived gets its place, the rest was not yet taken."""
    for left in leftovers(folder):
        if not left.is_dir():
            left.unlink(missing_ok=True)
        elif things := _things(left):
            _settle(left, things[0].name)
        else:
            shutil.rmtree(left)


def _moved(entry: Path, staging: Path) -> Path:
    """By a rename; where none is possible, by a copy, which is whole before it has its place and the entry goes."""
    thing = staging / (f"entry-{entry.name}" if entry.name in (REASON, FACTS) else entry.name)
    landing_zone.remove_marks(entry)
    try:
        entry.rename(thing)
    except OSError:
        _copy(entry, staging / PART)
        (staging / PART).rename(thing)
        place = _settle(staging, entry.name)
        landing_zone.remove(entry)
        return place
    return _settle(staging, entry.name)


def _copy(entry: Path, part: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.copytree(entry, part, symlinks=True)
    else:
        shutil.copy2(entry, part, follow_symlinks=False)


def _settle(staging: Path, name: str) -> Path:
    """Give a filled staging folder its place."""
    stem = os.fsencode(name)[:NAME_BYTES].decode(errors="ignore")
    places = (staging.with_name(f"{stem}-{number}") for number in count(1))
    return staging.rename(next(place for place in places if not os.path.lexists(place)))


def _say(folder: Path, facts: dict[str, Any]) -> None:
    for name, text in ((REASON, f"{facts['reason']}\n"), (FACTS, json.dumps(facts, indent=1))):
        with atomic.replacing(folder / name) as stream:
            stream.write(text.encode(errors="backslashreplace"))


def _twin(quarantine: Path, digest: str | None) -> Path | None:
    """The folder in which the same bytes lie, found by what is written beside them and by a look at them."""
    for file in sorted(quarantine.glob(f"[!.]*/{FACTS}")) if digest else ():
        things = _things(file.parent)
        if _read(file).get("digest") == digest and len(things) == 1 and _digest(things[0]) == digest:
            return file.parent
    return None


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text()))
    except (ValueError, TypeError):  # edited by hand
        return {}


def _things(folder: Path) -> list[Path]:
    """What was put aside in the folder. No entry is hidden, so what is hidden is a copy or a text that is half made."""
    return [path for path in folder.iterdir() if path.name not in (REASON, FACTS) and not path.name.startswith(".")]


def _digest(entry: Path) -> str | None:
    """A hash of an entry's bytes and of the paths in it, without its own name; None for what cannot be read."""
    whole = hashlib.blake2b(digest_size=32)
    try:
        for path in sorted([entry, *_below(entry)]):
            whole.update(os.fsencode(path.relative_to(entry)) + b"\0" + _content(path) + b"\n")
    except OSError:
        return None
    return whole.hexdigest()


def _below(entry: Path) -> Iterator[Path]:
    return iter(()) if entry.is_symlink() else entry.rglob("*")


def _content(path: Path) -> bytes:
    if path.is_symlink():
        return b"link " + os.fsencode(path.readlink())
    if path.is_dir():
        return b"folder"
    if not path.is_file():
        raise OSError(f"{path} is a device")
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=32)).digest()
