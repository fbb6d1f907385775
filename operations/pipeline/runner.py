"""Runs one stage as `dvc repro --single-item` and says what DVC did about it."""

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from operations.process.follow import NONE, TAIL, Logger, follow


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


def _words(stage: str) -> dict[str, Outcome]:
    """The lines by which DVC says what it does; a stage's own output comes after them and cannot take their place."""
    return {
        f"Running stage '{stage}':": Outcome.RAN,
        f"Pulling data for stage: '{stage}'": Outcome.RESTORED,
        f"Stage '{stage}' is cached - skipping run, checking out outputs": Outcome.RESTORED,
        f"Stage '{stage}' didn't change, skipping": Outcome.UNCHANGED,
    }
