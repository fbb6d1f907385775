"""The steps by which a champion takes its place. Each may be done again; a journal says what is under way.

The new folder is built whole and versioned as `data/champion.next/champion`. Then the journal is written, and from
there on all goes forward only: the commit, the folder, its `.dvc` file, the tag. A process that is killed before the
journal has changed nothing; one that is killed after it leaves the rest to `recover`.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from operations.git import repository
from operations.process import lock
from operations.project.champion_names import POINTER
from operations.registry import exchange

CHAMPION = Path("data/champion")
IGNORED, LINE = Path("data/.gitignore"), "/champion"
STATE = Path("data/.state")
JOURNAL = STATE / "champion-switch.json"
FORMER = STATE / "former-champions"
NEXT = Path("data/champion.next")
"""Where the next one is built. Not below data/.state, which DVC is told to ignore."""
ABOUT = "champion.json"


@dataclass(frozen=True)
class Switch:
    """What is to be the case at the end."""

    champion: str
    """tag of the champion in data/champion"""
    pointer: str
    """text of data/champion.dvc"""
    message: str
    """of the commit"""
    annotation: str | None
    """of the tag to make; None where the tag is there"""


@contextmanager
def building(root: Path) -> Iterator[Path]:
    """An empty folder to build the next one in, as its part `champion`; it goes where that ends with an error."""
    shutil.rmtree(root / NEXT, ignore_errors=True)
    (root / NEXT).mkdir(parents=True)
    try:
        yield root / NEXT
    except BaseException:
        if not (root / JOURNAL).exists():
            shutil.rmtree(root / NEXT, ignore_errors=True)
        raise


def make(root: Path, switch: Switch) -> str:
    """Make the switch to `data/champion.next/champion`; the commit. Hold the project's lock.

    Raises what `repository.commit` raises, and then nothing was changed. An error after the commit leaves the rest to
    `recover`.
    """
    _write(root, JOURNAL, json.dumps(asdict(switch)))
    try:
        made = repository.commit(root, _files(root, switch), switch.message)
    except BaseException:
        if repository.show(root, "HEAD", POINTER) != switch.pointer.encode():  # an interrupt can come after the commit
            _forget(root)
        raise
    _finish(root, switch)
    return made


def recover(root: Path) -> str | None:
    """Finish the switch that a killed process began, or clear away what it built; the champion's tag if it finished.

    Waits for the project's lock where there is something to do.
    """
    if not any((root / path).exists() for path in (JOURNAL, NEXT)):
        return None
    with lock.held(root, "finish an interrupted promotion"):
        if not (root / JOURNAL).exists():
            shutil.rmtree(root / NEXT, ignore_errors=True)
            return None
        switch = Switch(**json.loads((root / JOURNAL).read_text()))
        (root / NEXT).mkdir(exist_ok=True)
        repository.commit(root, _files(root, switch), switch.message)
        _finish(root, switch)
        return switch.champion


def named(folder: Path) -> str | None:
    """The tag in a champion's folder, None where it has none."""
    with suppress(OSError, ValueError, LookupError, TypeError):
        return str(json.loads((folder / ABOUT).read_text())["tag"])
    return None


def _files(root: Path, switch: Switch) -> dict[str, bytes | None]:
    """What to commit: data/.gitignore as HEAD has it, whatever else is being edited there."""
    files: dict[str, bytes | None] = {str(POINTER): switch.pointer.encode()}
    ignored = (repository.show(root, "HEAD", IGNORED) or b"").decode()
    if LINE not in ignored.splitlines():
        files[str(IGNORED)] = _with_line(ignored).encode()
    return files


def _finish(root: Path, switch: Switch) -> None:
    """All that comes after the commit."""
    _put_in_place(root, switch)
    _write(root, POINTER, switch.pointer)
    ignored = (root / IGNORED).read_text() if (root / IGNORED).exists() else ""
    if LINE not in ignored.splitlines():
        _write(root, IGNORED, _with_line(ignored))
    if switch.annotation is not None:
        repository.tag(root, switch.champion, repository.log(root, POINTER)[0].sha, switch.annotation)
    for folder in _replaced(root):
        if folder.exists():
            exchange.retire(folder, root / FORMER)
    _forget(root)


def _put_in_place(root: Path, switch: Switch) -> None:
    place, fresh = root / CHAMPION, root / NEXT / CHAMPION.name
    if named(place) == switch.champion or not fresh.exists():
        return
    if place.exists():
        exchange.exchange(fresh, place)
    else:
        fresh.rename(place)


def _replaced(root: Path) -> tuple[Path, Path]:
    """Where the former one may lie, once the next is in place."""
    return root / NEXT / CHAMPION.name, exchange.aside(root / CHAMPION)


def _forget(root: Path) -> None:
    (root / JOURNAL).unlink(missing_ok=True)
    shutil.rmtree(root / NEXT, ignore_errors=True)


def _with_line(text: str) -> str:
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{LINE}\n"


def _write(root: Path, path: Path, text: str) -> None:
    """Put the text in the file's place at once, out of a folder that is cleared whatever happens."""
    fresh = root / NEXT / f"{path.name}.text"
    with fresh.open("wb") as stream:
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())
    if (root / path).exists():
        fresh.chmod((root / path).stat().st_mode)
    fresh.replace(root / path)
