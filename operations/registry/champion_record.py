"""Who the champion is. The pointer, `data/champion.dvc`, names it and its folder, whose content never changes.

A reader asks for `current` once and reads that folder from then on, whatever the pointer names by then.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from operations.project.champion_names import FOLDER, POINTER

FORMER_FOLDER, FORMER_JOURNAL = Path("data/champion"), Path("data/.state/champion-switch.json")
"""Of the layout that `operations.registry.former_layout` takes over."""


@dataclass(frozen=True)
class Back:
    """Since when a champion is in its place again, by whom, why, and the tag of the one it took it back from."""

    since: str
    who: str
    why: str
    instead: str


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
    folder: Path
    """from the project's root on: its number and the beginning of its content's hash, as data/champions/2-1f0c2a9b"""
    back: Back | None = None

    def __str__(self) -> str:
        return f"{self.tag}, promoted {self.since} by {self.who}: {self.why}"


def current(root: Path) -> Champion | None:
    """Who the pointer names, None without one. Its folder may be absent: DVC's cache or the remote has it.

    Raises ValueError for a file that is no pointer, and for the layout of an older version.
    """
    text = pointer(root)
    if (root / FORMER_JOURNAL).exists() if text is None else is_former(text):
        raise ValueError(f"the champion lies as an older version had it: `hemaflow migrate` moves it to {FOLDER}")
    return None if text is None else parsed(text)


def pointer(root: Path) -> str | None:
    """The pointer's text, None without one."""
    try:
        return (root / POINTER).read_text()
    except FileNotFoundError:
        return None


def parsed(text: str) -> Champion:
    """Who such a text names, also one of the former layout. Raises ValueError for another text."""
    try:
        facts = dict(yaml.safe_load(text)["meta"])
        back = facts.pop("back", None)
        return Champion(**facts, folder=_folder(facts, _out(text)), back=Back(**back) if back else None)
    except (yaml.YAMLError, TypeError, LookupError, AttributeError, ValueError) as error:
        raise ValueError(f"{POINTER}: expected what a promotion writes: {error}") from error


def rendered(text: str, facts: Mapping[str, Any], back: Back | None = None) -> str:
    """The pointer's text: a `.dvc` file whose output, as `text` has it, lies in the champion's own folder."""
    out = {**_out(text), "path": str(_folder(facts, _out(text)).relative_to(POINTER.parent))}
    meta = {**facts, **({"back": asdict(back)} if back else {})}
    return yaml.safe_dump({"outs": [out], "meta": meta}, sort_keys=False, allow_unicode=True)


def facts(champion: Champion) -> dict[str, Any]:
    """What its champion.json says too: all that was known at its promotion, but for its folder."""
    return {name: value for name, value in asdict(champion).items() if name not in ("folder", "back")}


def is_former(text: str) -> bool:
    """Whether it is a pointer of the layout in which all champions had the place data/champion, one after another."""
    try:
        return bool(_out(text)["path"] == FORMER_FOLDER.name)
    except (yaml.YAMLError, TypeError, LookupError):
        return False


def _folder(facts: Mapping[str, Any], out: Mapping[str, Any]) -> Path:
    return FOLDER / f"{facts['tag'].partition('/')[2]}-{out['md5'][:8]}"


def _out(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(text)["outs"][0])
