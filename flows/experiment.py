"""Where a run works: in the workspace, or, with settings of its own, in a worktree that becomes an experiment."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prefect import get_run_logger
from prefect.context import FlowRunContext

from operations.experiments import saved, worktree
from operations.git import git
from operations.history import provenance
from operations.pipeline import plan
from operations.settings.settings_form import Settings
from operations.storage import traffic


@dataclass(frozen=True)
class Place:
    """Where the stages run; `name` is that of the experiment, None in the workspace."""

    root: Path
    project: Path
    settings: Settings
    name: str | None = None

    def save(self, target: str) -> None:
        """Keep what was made as an experiment of DVC's on HEAD; nothing to do in the workspace."""
        if self.name is None:
            return
        # One stage, for the run has committed each to the cache; without any, DVC wants the outputs of all.
        stage = next((name for name in plan.entries(self.root) if name.partition("@")[0] == target), None)
        if stage is None:
            raise ValueError(f"nothing to keep as an experiment: no delivery has a stage {target}")
        files = [word for path in worktree.untracked(self.root) for word in ("--include-untracked", path)]
        words = ["exp", "save", "--name", self.name, "--message", self._message(), *files, stage]
        traffic.run(self.root, words, "the experiment", 1, get_run_logger(), extra=git.identity(self.project))
        if recorder := provenance.current():
            recorder.note(experiment=self.name)
        get_run_logger().info(
            "experiment %s is saved: `dvc exp show` compares, `hemaflow apply %s` takes it over",
            self.name,
            self.name,
        )

    def _message(self) -> str:
        values = self.settings.values()
        return f"{saved.SUBJECT} {self.name}\n\n{json.dumps(values)}"


@contextmanager
def placed(root: Path, settings: Settings, keep: bool) -> Iterator[Place]:
    """The place for a run with these settings. The worktree is gone afterwards, whatever became of the run.

    With `keep`, and without settings, it is the workspace. Raises ValueError where git has no commit yet.
    """
    for name in worktree.prune(root):
        get_run_logger().warning("removed what the killed run of experiment %s left", name)
    if keep or not settings.values():
        yield Place(root, root, settings)
        return
    name = _name(root)
    try:
        place = worktree.make(root, name, get_run_logger())
        with provenance.at(place):
            yield Place(place, root, settings, name)
    finally:
        worktree.remove(root, (root / worktree.FOLDER / name).resolve())


def _name(root: Path) -> str:
    """That of the Prefect run, by which its record is found too."""
    context = FlowRunContext.get()
    run = context.flow_run.name if context and context.flow_run else "run"
    word = re.sub(r"[^A-Za-z0-9]+", "-", run).strip("-") or "run"
    taken, number = {each.name for each in saved.experiments(root)}, 2
    while word in taken:
        word, number = f"{word.rpartition('-')[0] if number > 2 else word}-{number}", number + 1
    return word
