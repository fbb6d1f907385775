"""The state of an unfinished phase of training, from which the next run goes on.

A folder with `state.json`, which is replaced at once and names the files of arrays that belong to it; what it does not
name was being written when the run was killed. So the state is always that of the end of some epoch.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks import atomic

FILE = "state.json"
Arrays = list[NDArray[Any]]
Logs = dict[str, float]


@dataclass(frozen=True)
class Best:
    """The best epoch so far: its score, its number counted from 1 (0: the start), and the file of its weights."""

    score: float
    epoch: int
    file: str


@dataclass(frozen=True)
class Progress:
    """How far a phase is: the figures at its start and of each epoch, the file of all variables, whether it is over."""

    start: Logs = field(default_factory=dict)
    logs: list[Logs] = field(default_factory=list)
    variables: str = ""
    best: Best | None = None
    over: bool = False

    @property
    def epochs(self) -> int:
        """Epochs that are done."""
        return len(self.logs)


class State:
    """The state in `folder`, which is made where it is not there yet."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for half in folder.glob(".*.npz.*"):  # being written when a run was killed
            half.unlink()

    def progress(self) -> Progress:
        """What was written last; an empty one where nothing was."""
        file = self.folder / FILE
        if not file.exists():
            return Progress()
        facts = json.loads(file.read_text())
        return Progress(**{**facts, "best": Best(**facts["best"]) if facts["best"] else None})

    def write(self, progress: Progress) -> None:
        """Make `progress` the state, and remove the arrays that it does not name."""
        with atomic.replacing(self.folder / FILE) as stream:
            stream.write(json.dumps(asdict(progress)).encode())
        named = {progress.variables, progress.best.file if progress.best else ""}
        for file in self.folder.glob("*.npz"):
            if file.name not in named:
                file.unlink()

    def save(self, name: str, arrays: Sequence[Any]) -> str:
        """Write `arrays` as `name`. Raises OSError that says so where there is no room; what stands there stays."""
        try:
            with atomic.replacing(self.folder / name) as stream:
                named: dict[str, Any] = {f"{k:05}": np.asarray(array) for k, array in enumerate(arrays)}
                np.savez(stream, **named)
        except OSError as error:
            raise OSError(
                f"no checkpoint could be written to {self.folder / name}: {error.strerror or error}; "
                "the one before it is whole, and the next run goes on from there"
            ) from error
        return name

    def load(self, name: str) -> Arrays:
        """The arrays of `name`, in their order."""
        with np.load(self.folder / name, allow_pickle=False) as archive:
            return [archive[key] for key in sorted(archive.files)]
