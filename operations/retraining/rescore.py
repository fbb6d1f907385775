"""The champion on today's test rows, so that a challenger is compared with it on the same ones.

It is the stage evaluate's own command, with the champion in the model's place. What came of it is kept below
data/.state by all that it follows from: the stage's code, settings and rows, as dvc.lock has them, and the champion.
It is no output of DVC's, for a stage is a function of content, and who is the champion is none of that.
"""

import hashlib
import json
import logging
import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from operations.pipeline import plan
from operations.pipeline.runner import StageFailedError
from operations.process.follow import TAIL, Logger, follow
from operations.registry import champion
from operations.registry.candidate import MODEL, SCORES
from tasks import model_folder
from tasks.gate.decision import Decision

CACHE = Path("data/.state/rescored")
KEPT = 4
"""Records that are kept, the latest used."""
STAGE = "evaluate"
PART = ".part"
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rescored:
    """The champion's record over today's test rows, or why there can be none."""

    champion: str
    """its tag"""
    scores: Path | None
    outcome: Literal["ran", "cached", "the same model", "refused"]
    why: str = ""


@dataclass(frozen=True)
class NotComparable(Decision):
    """The decision where the champion cannot be judged on today's test rows: it stays."""

    why: str = ""

    def sentence(self) -> str:
        """The decision and its reason."""
        return f"Kept the champion: it cannot be judged on today's test rows: {self.why}"

    def markdown(self) -> str:
        """The sentence, and what a person can do."""
        remedy = "A person who has other reasons promotes by `hemaflow promote --why ... --although ...`"
        return f"{self.sentence()}.\n\n{remedy}.\n"


def rescore(root: Path, log: Logger = LOG) -> Rescored | None:
    """The champion on the rows on which the challenger was judged; None without a champion. Hold the project's lock.

    The stage evaluate must be up to date. Refused is a champion that has seen one of the rows, or knows none of their
    classes. Raises OSError where its folder cannot be had, StageFailedError where judging it fails.
    """
    now = champion.present(root)
    if now is None:
        return None
    if now.model == model_folder.digest(root / MODEL):
        return Rescored(now.tag, root / SCORES, "the same model")
    why = refusal(root, root / now.folder)
    if why:
        return Rescored(now.tag, None, "refused", why)
    place = root / CACHE / key(root, now.model)
    outcome: Literal["cached", "ran"] = "cached" if place.is_dir() else "ran"
    if outcome == "ran":
        _judge(root, now.folder, place, log)
    keep(place, KEPT)
    return Rescored(now.tag, place, outcome)


def decide_on_latest(root: Path) -> Decision:
    """What the gate says of the model that was trained last, against the champion. Hold the project's lock.

    Raises ValueError where its evaluation is not up to date.
    """
    if plan.status(root).get(STAGE):
        raise ValueError(f"{SCORES} is not up to date, {STAGE} would run again: `make repro` first")
    return decide(root, rescore(root))


def decide(root: Path, rescored: Rescored | None) -> Decision:
    """What the gate says of `data/evaluation/scores`, by the rules in params.yaml."""
    from tasks import params, predictions
    from tasks.gate.decide import decide
    from tasks.gate.settings import Gate

    rules = params.load(Gate, root / params.FILE)
    if rescored is not None and rescored.scores is None:
        return NotComparable(False, (), rules.level, rules.resamples, rules.seed, why=rescored.why)
    former = predictions.read(rescored.scores) if rescored and rescored.scores else None
    return decide(former, predictions.read(root / SCORES), rules)


def refusal(root: Path, folder: Path) -> str | None:
    """Why evaluate would refuse the champion in `folder`, None if not, in evaluate's words. Needs no TensorFlow."""
    from tasks import params
    from tasks.evaluate import rows

    classes = params.load(params.Classes, root / params.FILE)
    try:
        names = classes.today(model_folder.described(folder)["classes"])
        rows.read(root / "data/clean", names, model_folder.training_ids(folder))
    except ValueError as error:
        return str(error)
    return None


def key(root: Path, model: str) -> str:
    """A name made of all that the record of the model with that digest follows from."""
    entry = plan.entries(root)[STAGE]
    deps = {dep["path"]: dep["md5"] for dep in entry["deps"] if dep["path"] != str(MODEL)}
    facts = [entry["cmd"], deps, entry.get("params"), model]
    return hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=8).hexdigest()


def command(root: Path, model: Path, out: Path) -> list[str]:
    """The command of the stage evaluate for another model. Raises ValueError for one of another form."""
    words = shlex.split(yaml.safe_load((root / plan.TOP).read_text())["stages"][STAGE]["cmd"])
    for path in (MODEL, SCORES):
        if words.count(str(path)) != 1:
            raise ValueError(f"{plan.TOP}: {STAGE}: expected {path} once in its command, got {shlex.join(words)}")
    return [{str(MODEL): str(model), str(SCORES): str(out)}.get(word, word) for word in words]


def _judge(root: Path, folder: Path, place: Path, log: Logger) -> None:
    """Run the command, in a group that ends with the flow's others; the record has its name once it is whole."""
    part = place.with_name(place.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    words = command(root, folder, part.relative_to(root))
    code, tail = follow(root, words, log, TAIL)
    if code:
        raise StageFailedError(f"{STAGE} of the champion ended with code {code}; its last lines:\n" + "\n".join(tail))
    part.rename(place)


def keep(place: Path, number: int) -> None:
    """Note that what lies there was used, and remove all beside it but the `number` that were used last."""
    os.utime(place)
    by_age = sorted(place.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in by_age[number:]:
        shutil.rmtree(old, ignore_errors=True)
