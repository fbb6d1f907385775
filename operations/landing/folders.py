"""The landing folders: which they are, and whether they are ours to empty.

params.yaml names them. Each holds a marker file with the path of the project that it belongs to: a folder without it
is left alone, whatever is in it, and so is that of another project. `set_up` writes the marker; in data/incoming, the
project's own, whoever looks does. So a share that is not mounted is noticed too, for its mount point has no marker.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from operations.landing import landing_zone
from operations.process import files
from tasks.landing.settings import Landing, of
from tasks.params import FILE as PARAMS

INCOMING = Path("data/incoming")
MARKER = ".hemaflow-landing"
SET_UP = "hemaflow watch --set-up"
PRIVATE = {".git", ".dvc"}
ANNOUNCED, ANNOUNCED_SECONDS = Path("data/.state/landing.announced"), 3600.0
"""What was told of folders that are no use, and for how long that is no news: a look comes each minute."""


def settings(root: Path) -> Landing:
    """The section `landing` of params.yaml. Raises ValueError for what is wrong in it."""
    return of(root / PARAMS)


def configured(root: Path) -> list[Path]:
    """The folders that params.yaml names, as absolute paths. Raises ValueError for one inside another."""
    folders = [Path(os.path.normpath(root.absolute() / name)) for name in settings(root).folders]
    for number, folder in enumerate(folders):
        for other in folders[:number]:
            if folder == other or folder in other.parents or other in folder.parents:
                raise ValueError(f"landing.folders: {folder} and {other} lie in one another ({PARAMS})")
    return folders


def usable(root: Path) -> tuple[list[Path], list[str]]:
    """The folders that may be emptied, and a sentence about each that may not, with what to do about it."""
    good, problems = [], []
    for folder in configured(root):
        try:
            check(root, folder)
            good.append(folder)
        except (ValueError, OSError) as error:
            problems.append(str(error))
    return good, problems


def is_news(root: Path, problems: list[str]) -> bool:
    """Whether this was not told within the last hour; notes that it is told now, or that there is nothing to tell."""
    file, text = root / ANNOUNCED, "\n".join(problems)
    if not problems:
        file.unlink(missing_ok=True)
        return False
    if file.is_file() and file.read_text() == text and time.time() - file.stat().st_mtime < ANNOUNCED_SECONDS:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    files.replace(file, text)
    return True


def check(root: Path, folder: Path) -> None:
    """Raise ValueError where the folder is not marked as this project's; data/incoming is made and marked."""
    _check_place(root, folder)
    marker = folder / MARKER
    if _is_own(root, folder):
        folder.mkdir(parents=True, exist_ok=True)
        if _owner(marker) != _name(root):
            _mark(root, folder)
    elif not folder.is_dir():
        raise ValueError(f"{folder} is no folder: mount it, or make it with `{SET_UP}`")
    elif not os.path.lexists(marker):
        raise ValueError(
            f"{folder} is not marked as a landing folder, so nothing is taken from it: `{SET_UP}` marks it"
        )
    else:
        _check_owner(root, folder)


def set_up(root: Path) -> list[str]:
    """Make and mark the folders that params.yaml names; a sentence about each.

    Raises ValueError for one that cannot be a landing folder, and for one that belongs to another project.
    """
    lines = []
    for folder in configured(root):
        _check_place(root, folder)
        folder.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(folder / MARKER) and not _is_own(root, folder):
            _check_owner(root, folder)
        _mark(root, folder)
        waiting = len(landing_zone.entries(folder))
        lines.append(
            f"{folder} is a landing folder; {waiting or 'no'} {'entry lies' if waiting == 1 else 'entries lie'} in it"
        )
    return lines


def shown(root: Path, path: Path) -> str:
    """A path as people read it: from the project's root, if it lies in there."""
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _is_own(root: Path, folder: Path) -> bool:
    return folder == Path(os.path.normpath(root.absolute() / INCOMING))


def _check_place(root: Path, folder: Path) -> None:
    """Links are followed first: no landing folder leads to where other things lie."""
    for path in (folder, folder / landing_zone.QUARANTINE):
        if path.is_symlink():
            raise ValueError(f"{path} is a link to {str(path.readlink())!r}, expected a folder: name that one itself")
    real, project = folder.resolve(), root.resolve()
    places = {project, (root / "data").resolve()}
    if _is_own(root, folder):
        return
    if any(real.is_relative_to(place) or place.is_relative_to(real) for place in places):
        raise ValueError(f"{folder} is of the project itself, expected {INCOMING} or a folder outside ({PARAMS})")
    if PRIVATE & set(real.parts):
        raise ValueError(f"{folder} belongs to git or DVC, expected a folder of deliveries alone ({PARAMS})")


def _check_owner(root: Path, folder: Path) -> None:
    marker = folder / MARKER
    if _owner(marker) != _name(root):
        raise ValueError(
            f"{folder} is the landing folder of {_owner(marker) or 'nobody known'}, and this is {_name(root)}: name "
            f"another in landing.folders ({PARAMS}), or, if that project is gone, remove {marker} and set it up again"
        )


def _owner(marker: Path) -> str | None:
    try:
        facts: Any = json.loads(marker.read_text())
        return str(facts["project"])
    except (OSError, ValueError, TypeError, LookupError):
        return None


def _mark(root: Path, folder: Path) -> None:
    text = json.dumps({"project": _name(root), "about": "What is put into this folder is taken from it by hemaflow"})
    files.replace(folder / MARKER, f"{text}\n")


def _name(root: Path) -> str:
    return str(root.resolve())
