"""Takes over a project in which all champions had the place data/champion, one after another.

There a promotion wrote a journal, committed, exchanged the new folder for the former one, and cleared away. Where one
was cut short, HEAD tells whether it counts.
"""

import json
import shutil
from pathlib import Path

from operations.git import repository
from operations.process import lock
from operations.project.champion_names import FOLDER, POINTER
from operations.registry import candidate, switch
from operations.registry.champion_record import (
    FORMER_FOLDER,
    FORMER_JOURNAL,
    facts,
    is_former,
    parsed,
    pointer,
    rendered,
)

PLACES = (FORMER_FOLDER, switch.NEXT / "champion", Path("data/champion.aside"))
"""Where the champion's folder may lie, the last two where a promotion was cut short."""
LEFT = (*PLACES, switch.NEXT, Path("data/.state/former-champions"))
"""What is wanted no longer; the journal goes after it, for all of this is done again as long as that is there."""
IGNORES, LINE = Path(".gitignore"), f"/{FOLDER}"


def take_over(root: Path) -> list[str]:
    """Move the champion to its own folder, with a commit of the pointer, and have git ignore that; a line for each.

    Waits for the project's lock. Raises ValueError where git cannot commit; killed, it goes on when called again.
    """
    return [*_ignored(root), *_moved(root)]


def _ignored(root: Path) -> list[str]:
    file = root / IGNORES
    text = file.read_text() if file.exists() else ""
    if LINE in text.splitlines():
        return []
    file.write_text(f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{LINE}\n")
    return [f"{IGNORES}: {LINE} added"]


def _moved(root: Path) -> list[str]:
    text = pointer(root)
    if not (root / FORMER_JOURNAL).exists() and not (text and is_former(text)):
        return []
    with lock.held(root, "migrate"):
        repository.check(root)
        if (root / FORMER_JOURNAL).exists():
            text = (repository.show(root, "HEAD", POINTER) or b"").decode()
        moved = _take(root, text) if text and is_former(text) else []
        for path in LEFT:
            shutil.rmtree(root / path, ignore_errors=True)
        (root / FORMER_JOURNAL).unlink(missing_ok=True)
        return moved or ["a promotion that was cut short is forgotten"]


def _take(root: Path, text: str) -> list[str]:
    now = parsed(text)
    switch.tag(root, now)  # the pointer's next commit is no promotion
    for place in PLACES:
        if _tag(root / place) == now.tag and not (root / now.folder).exists():
            (root / FOLDER).mkdir(exist_ok=True)
            (root / place).rename(root / now.folder)
    switch.make(root, rendered(text, facts(now)))
    return [f"{FORMER_FOLDER} -> {now.folder}, committed"]


def _tag(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / candidate.ABOUT).read_bytes())["tag"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
