"""Who the champion is, and how to read its folder while it may be replaced."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from operations.project.champion_names import POINTER
from operations.registry import exchange
from operations.registry.switch import ABOUT, CHAMPION


@dataclass(frozen=True)
class Champion:
    """Who it is. As text: for a person."""

    tag: str
    since: str
    """ISO 8601 in UTC"""
    why: str
    who: str
    replaced: str | None
    """tag of the one before"""
    run: str | None
    """id of the run that made it"""
    model: str
    """digest in model.json"""

    def __str__(self) -> str:
        return f"{self.tag}, promoted {self.since} by {self.who}: {self.why}"


def pinned(root: Path) -> AbstractContextManager[Path]:
    """A path by which this process reads one champion throughout, also while it is replaced.

    Raises FileNotFoundError where `data/champion` is not there.
    """
    return exchange.pinned(root / CHAMPION)


def current(root: Path) -> Champion | None:
    """Who is in `data/champion`; where that is not checked out, who `data/champion.dvc` names; None where neither is.

    Raises ValueError for a folder or a file that is no champion's.
    """
    if not (root / CHAMPION).is_dir():
        return pointed(root)
    with pinned(root) as folder:
        return in_folder(folder)


def in_folder(folder: Path) -> Champion:
    """Who is in a champion's folder. Raises ValueError for another folder."""
    try:
        return _champion(json.loads((folder / ABOUT).read_bytes()))
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise ValueError(f"{CHAMPION / ABOUT}: expected what a promotion writes: {error}") from error


def pointed(root: Path) -> Champion | None:
    """Who `data/champion.dvc` names, None without one."""
    file = root / POINTER
    return parsed(file.read_text()) if file.exists() else None


def parsed(pointer: str) -> Champion:
    """Who such a file names. Raises ValueError for another file."""
    try:
        return _champion(yaml.safe_load(pointer)["meta"])
    except (yaml.YAMLError, TypeError, LookupError) as error:
        raise ValueError(f"{POINTER}: expected what a promotion writes: {error}") from error


def _champion(facts: dict[str, Any]) -> Champion:
    return Champion(**facts)
