"""Takes an experiment's settings and dvc.lock over into the project, and commits them: its model becomes the champion.

A journal says what is under way, and from there on all goes forward only: params.yaml, dvc.lock, the commit, the
outputs. A process that is killed before the journal has changed nothing; one that is killed after it leaves the rest to
`recover`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from operations.experiments import saved
from operations.git import repository
from operations.pipeline import plan
from operations.process import files, lock
from operations.process.follow import Logger
from operations.settings import params_file
from operations.storage import traffic
from tasks import atomic

JOURNAL = Path("data/.state/takeover.json")
JUDGES = ("audit", "gate")
"""Sections by which models and deliveries are judged."""


@dataclass(frozen=True)
class Base:
    """The project as an experiment began with it: the texts of params.yaml and dvc.lock, empty without one."""

    params: str
    lock: str

    @classmethod
    def of(cls, root: Path) -> "Base":
        """The project as it is."""
        return cls(_text(root / params_file.FILE), _text(root / plan.LOCK))


@dataclass(frozen=True)
class Takeover:
    """What is to be the case at the end: texts of params.yaml and dvc.lock, and of the commit's message."""

    params: str
    lock: str
    message: str
    before: str
    """text of the params.yaml that is replaced"""


def check(root: Path, values: Mapping[str, Any]) -> None:
    """Raise ValueError where a retraining cannot have these settings, by their paths in params.yaml."""
    own = [path for path in values if path.partition(".")[0] in JUDGES]
    if own:
        raise ValueError(
            f"{', '.join(own)}: a retraining cannot have rules of its own for the gate or the audit, which judge all "
            f"models alike: change {params_file.FILE}, commit it, and retrain"
        )
    if values and not _is_committed(root):
        raise ValueError(
            f"{params_file.FILE} has changes that are not committed, which a promotion with settings of its own would "
            f"commit too: commit them or `git checkout {params_file.FILE}`, and retrain"
        )


def is_outdated(root: Path, base: Base) -> bool:
    """Whether params.yaml is another one than that which the experiment began with, here or in HEAD."""
    return Base.of(root).params != base.params or not _is_committed(root)


def take_over(root: Path, name: str, base: Base, run: str, log: Logger) -> str:
    """Take the experiment of that name over, for the run with that id; the commit. Hold the project's lock.

    Raises what `repository.commit` raises; `recover` goes on then.
    """
    one = saved.named(root, name)
    params, made = (_shown(root, one.sha, path) for path in (params_file.FILE, str(plan.LOCK)))
    said = ", ".join(f"{path}={value}" for path, value in saved.settings(root, one).items())
    message = f"Retrain with {said}\n\nexperiment: {name}\nrun: {run}\n"
    takeover = Takeover(params, _merged(_text(root / plan.LOCK), base.lock, made), message, base.params)
    with atomic.replacing(root / JOURNAL) as stream:
        stream.write(json.dumps(asdict(takeover)).encode())
    return _finish(root, takeover, log)


def recover(root: Path, log: Logger) -> str | None:
    """Finish the takeover that a killed process began; the subject of its commit if there was one.

    Where params.yaml was edited since, it stays as it is, and nothing is taken over. Waits for the project's lock where
    there is something to do.
    """
    if not (root / JOURNAL).exists():
        return None
    with lock.held(root, "finish an interrupted retraining"):
        if not (root / JOURNAL).exists():
            return None
        takeover = Takeover(**json.loads((root / JOURNAL).read_text()))
        subject = takeover.message.partition("\n")[0]
        if _text(root / params_file.FILE) not in (takeover.before, takeover.params):
            log.warning("not finished, for %s was edited since: %s", params_file.FILE, subject)
            (root / JOURNAL).unlink()
            return None
        _finish(root, takeover, log)
        return subject


def _finish(root: Path, takeover: Takeover, log: Logger) -> str:
    """All that comes after the journal; may be done again."""
    texts = {params_file.FILE: takeover.params, str(plan.LOCK): takeover.lock}
    for path, text in texts.items():
        (root / path).touch()
        files.replace(root / path, text)
    made = repository.commit(root, {path: text.encode() for path, text in texts.items()}, takeover.message)
    try:
        traffic.run(root, ["checkout", "--quiet", "--allow-missing"], "the cache", 1, log)
    except OSError as error:  # what a person has changed stays, and the next run makes the stage's output again
        log.warning("not all outputs could be put in their place: %s", error)
    (root / JOURNAL).unlink()
    return made


def _merged(now: str, base: str, made: str) -> str:
    """The experiment's dvc.lock, with the entries of stages that came while a person was asked."""
    if now == base:
        return made
    here, there = (yaml.load(text, Loader=plan.LOADER) for text in (now, made))
    stages = {**here["stages"], **there["stages"]}
    return yaml.safe_dump({**there, "stages": stages}, sort_keys=False, allow_unicode=True)


def _is_committed(root: Path) -> bool:
    return repository.show(root, "HEAD", params_file.FILE) == (root / params_file.FILE).read_bytes()


def _shown(root: Path, sha: str, path: str) -> str:
    return (repository.show(root, sha, path) or b"").decode()


def _text(file: Path) -> str:
    return file.read_text() if file.is_file() else ""
