"""The champion's audit of deliveries that it has not learnt: are their labels fit to be learnt from?

What the champion says of a delivery's images is made once, by a child process, and kept below data/.state by both
their contents. Which of the rows count is decided on the cleaned table: those that are kept and that it has not seen.
"""

import hashlib
import json
import logging
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
import yaml

from operations.deliveries import holds
from operations.history import training_rows
from operations.pipeline import plan
from operations.pipeline.runner import StageFailedError
from operations.process.follow import TAIL, Logger, follow
from operations.project import listing
from operations.registry import candidate, champion
from operations.registry.champion import Champion
from operations.retraining import rescore
from tasks import model_folder, splits, store
from tasks.audit import labels
from tasks.audit.labels import Finding

CACHE = Path("data/.state/audited")
PREDICTIONS = "predictions.parquet"
NAME = "audit"
KEPT = 200
LOG = logging.getLogger(__name__)

When = Literal["ahead", "refused"]
"""Before a training, or after the gate refused a model; the second asks for less, for something is wrong then."""


@dataclass(frozen=True)
class Audited:
    """What came of an audit: a finding for each delivery that is new to the champion, or why there is none."""

    champion: str | None
    findings: list[Finding]
    trusted: list[str]
    """deliveries that a person released, which nothing holds again"""

    @property
    def guilty(self) -> list[Finding]:
        """Of the deliveries that are to be held."""
        return [one for one in self.findings if one.verdict == "mislabelled" and one.delivery not in self.trusted]

    def markdown(self) -> str:
        """A line for each delivery; empty where there is none."""
        if self.champion is None:
            return "No champion yet, so nobody has looked at the labels; `data/evaluation` lists the label issues.\n"
        lines = [f"- `{one.delivery}`: {one}{self._but(one)}" for one in self.findings]
        return "".join(f"{line}\n" for line in lines)

    def _but(self, one: Finding) -> str:
        released = one.verdict == "mislabelled" and one.delivery in self.trusted
        return "; it stays, for a person released it" if released else ""


def audit(root: Path, when: When, log: Logger = LOG) -> Audited:
    """Have the champion audit what is new to it. Hold the project's lock; the stage split must be up to date.

    Raises OSError where the champion's folder cannot be had, StageFailedError where it cannot judge.
    """
    from tasks import params
    from tasks.audit.settings import Audit

    now = champion.present(root)
    if now is None:
        return Audited(None, [], [])
    rules = params.load(Audit, root / params.FILE)
    own = pd.read_parquet(root / now.folder / candidate.EVALUATION / PREDICTIONS)
    rows, classes = _new(root, now), params.load(params.Classes, root / params.FILE)
    own, answers = labels.today(own, classes), {name: _answers(root, name, now, log) for name in rows}
    tables = {name: _rows(labels.today(answers[name], classes), mine) for name, mine in rows.items()}
    least = rules.least.ahead if when == "ahead" else rules.least.refused
    return Audited(now.tag, labels.audit(tables, own, rules, least), holds.released(root, list(tables)))


def command(root: Path, ingested: Path, model: Path, out: Path) -> list[str]:
    """The command of the stage evaluate with this work's name in its place, so that a project has one way to judge.

    Raises ValueError for one of another form.
    """
    words = shlex.split(yaml.safe_load((root / plan.TOP).read_text())["stages"][rescore.STAGE]["cmd"])
    first = next((place for place, word in enumerate(words) if word == str(training_rows.CLEAN)), None)
    if first is None:
        raise ValueError(
            f"{plan.TOP}: {rescore.STAGE}: expected {training_rows.CLEAN} in its command, got {shlex.join(words)}"
        )
    program = [word.replace(rescore.STAGE, NAME) for word in words[:first]]
    return [*program, str(ingested), str(model), str(out)]


def _new(root: Path, now: Champion) -> dict[str, pd.DataFrame]:
    """The kept rows of each delivery of which the champion has learnt less than half of what it would learn.

    By its images and not by name: another delivery may have come under a name that it knows.
    """
    known = model_folder.training_ids(root / now.folder)
    rows = pd.read_parquet(
        root / training_rows.CLEAN / store.TABLE, columns=["delivery", "source", "id", "split", "kept"]
    )
    rows = rows[rows["kept"]].assign(seen=lambda table: table["id"].isin(known))
    learnt = rows[rows["split"].isin(splits.LEARNT)].groupby("delivery")["seen"].mean()
    names = [name for name in listing.names(root) if learnt.get(name, 1.0) < 0.5]
    return {name: rows[(rows["delivery"] == name) & ~rows["seen"]] for name in names}


def _rows(answers: pd.DataFrame, mine: pd.DataFrame) -> pd.DataFrame:
    return answers[answers["source"].isin(mine["source"])]


def _answers(root: Path, name: str, now: Champion, log: Logger) -> pd.DataFrame:
    """What the champion says of a delivery's readable images."""
    place = root / CACHE / _key(root, name, now.model)
    if not place.is_dir():
        part = place.with_name(place.name + rescore.PART)
        shutil.rmtree(part, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        words = command(root, training_rows.INGESTED / name, now.folder, part.relative_to(root))
        code, tail = follow(root, words, log, TAIL)
        if code:
            raise StageFailedError(f"the audit of {name} ended with code {code}; its last lines:\n" + "\n".join(tail))
        part.rename(place)
    rescore.keep(place, KEPT)
    return pd.read_parquet(place / PREDICTIONS)


def _key(root: Path, name: str, model: str) -> str:
    """A name made of the champion and of what ingest made of the delivery."""
    ingested = plan.entries(root)[f"ingest@{name}"]["outs"][0]["md5"]
    return hashlib.blake2b(json.dumps([model, ingested]).encode(), digest_size=8).hexdigest()
