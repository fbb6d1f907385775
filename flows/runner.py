"""Runs one stage as `dvc repro --single-item` and says what DVC did about it."""

import json
import logging
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from types import MappingProxyType
from typing import Any

from flows import groups, lock
from flows.storage import dvc_lock

TAIL = 30
BAR_SECONDS = 10.0
"""A progress bar is logged this often at most."""

NONE: Mapping[str, str] = MappingProxyType({})

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

Logger = logging.Logger | logging.LoggerAdapter[Any]


class Outcome(StrEnum):
    """What became of a stage."""

    RAN = "ran"
    RESTORED = "restored"
    UNCHANGED = "unchanged"


class StageFailedError(RuntimeError):
    """A stage that DVC could not bring up to date; the message ends with what it last said."""


def run(root: Path, stage: str, log: Logger, pull: bool = False, variables: Mapping[str, str] = NONE) -> Outcome:
    """Bring `stage` (a name of dvc.yaml, `ingest@demo`) up to date, with each line of its output to `log`.

    With `pull`, outputs that are not here are fetched from the remote where the stage would make the same again.
    `variables` are set in its environment.

    The stages above it are not looked at. Its process group ends with the holder around (`groups.ending_together`)
    and with this process. Raises StageFailedError.
    """
    command = [str(Path(sys.executable).with_name("dvc")), "--wait-for-lock", "repro", "--single-item"]
    command += [*(["--pull"] if pull else []), stage]
    words = _words(stage)
    outcome = None

    def heard(line: str) -> None:
        nonlocal outcome
        # What could not be fetched is made after all.
        outcome = outcome if outcome is Outcome.RAN else words.get(line, outcome)

    code, tail = follow(root, command, log, TAIL, heard, **variables)
    if code or outcome is None:
        raise StageFailedError(f"{stage}: dvc repro ended with code {code}; its last lines:\n" + "\n".join(tail))
    return outcome


def follow(
    root: Path,
    command: Sequence[str],
    log: Logger,
    kept: int,
    heard: Callable[[str], object] = lambda _line: None,
    **variables: str,
) -> tuple[int, list[str]]:
    """Run a command with each line of its output to `log` and `heard`; its exit code and the last `kept` lines.

    `variables` are set in its environment. Its process group ends with the holder around and with this process.
    """
    tail: deque[str] = deque(maxlen=kept)
    # The group keeps the project's lock, so that nobody takes it while a killed run's stage is still being ended.
    options = {"env": groups.environment(PYTHONUNBUFFERED="1", **variables), "kept": lock.descriptors(root)}
    with groups.current().running(command, root, **options) as group:
        for line in lines(TextIOWrapper(group.output, errors="replace", newline="")):
            log.info("%s", line)
            tail.append(line)
            heard(line)
        return group.wait(), list(tail)


def lines(pieces: Iterable[str], every: float = BAR_SECONDS) -> Iterator[str]:
    """Lines of a terminal's output, which ends `pieces` with a newline or a carriage return, without its colours.

    Of a line that is drawn over and over (a progress bar) only what stands there every `every` seconds, and at last.
    """
    bar, drawn = "", time.monotonic()
    for piece in pieces:
        text = _ESCAPES.sub("", piece).rstrip()
        if not piece.endswith("\r"):
            text, bar = text or bar, ""
        elif time.monotonic() - drawn < every:
            text, bar = "", text or bar
        if text:
            drawn = time.monotonic()
            yield text
    if bar:
        yield bar


def drop_dead_locks(root: Path) -> list[str]:
    """Remove DVC's list of busy paths where no DVC process holds any of them, and return whose entries they were.

    DVC itself drops an entry whose process is gone, but believes one whose number belongs to something else by now, as
    after a restart of a container.
    """
    dvc_lock.drop_torn(root)
    file = root / ".dvc/tmp/rwlock"
    if not file.exists():
        return []
    held = json.loads(file.read_text() or "{}")
    readers = [entry for entries in held.get("read", {}).values() for entry in entries]
    entries = [*held.get("write", {}).values(), *readers]
    if not entries or any(_is_dvc(entry["pid"]) for entry in entries):
        return []
    file.unlink()
    return sorted({f"{entry['cmd']} (PID {entry['pid']})" for entry in entries})


def _is_dvc(pid: int) -> bool:
    try:
        return b"dvc" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return not Path("/proc").exists()  # where nobody can tell, it counts as one


def _words(stage: str) -> dict[str, Outcome]:
    """The lines by which DVC says what it does; a stage's own output comes after them and cannot take their place."""
    return {
        f"Running stage '{stage}':": Outcome.RAN,
        f"Pulling data for stage: '{stage}'": Outcome.RESTORED,
        f"Stage '{stage}' is cached - skipping run, checking out outputs": Outcome.RESTORED,
        f"Stage '{stage}' didn't change, skipping": Outcome.UNCHANGED,
    }
