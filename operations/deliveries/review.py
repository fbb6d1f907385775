"""Writes down what a person says of an image: keep it, or drop it, and why; it wins over every rule."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from operations.deliveries import review_file
from operations.deliveries.review_file import FILE
from operations.person import person
from operations.process import lock
from operations.project import listing
from tasks import store
from tasks.dedupe.overrules import LABEL, Overrule
from tasks.params import FILE as PARAMS
from tasks.params import Classes, load

STATES = ("clean", "inliers", "deduped")
"""Folders below data/ with a table of all deliveries, the newest first."""
DIGITS = range(8, 33)
"""How many of an id's 32 hex digits are enough to be taken for one."""
NAMED = 4
"""Rows or ids that an error lists at most."""
NEXT = f"next: git add {FILE}; make repro"


@dataclass(frozen=True)
class Reviewed:
    """The line that holds now, those that it replaced, and lines about single files that win over it in part.

    `new` is False where the file said the same before, and was left alone. `held` are deliveries on hold without which
    there is no image to keep. As text: for a person.
    """

    line: Overrule
    new: bool
    replaced: list[Overrule]
    exceptions: list[Overrule]
    held: Sequence[str] = ()

    def __str__(self) -> str:
        wait = f"; it waits while {_listed(list(self.held))} is on hold" if self.held else ""
        if not self.new:
            return f"nothing to do: {_quoted(self.line)} stands in {FILE} already{wait}; {NEXT}"
        replaced = "".join(f", in place of {_quoted(line)}" for line in self.replaced)
        but = "".join(f", but {_quoted(line)} wins for that file" for line in self.exceptions)
        what = f"{self.line.review_decision} {_about(self.line)}"
        return f"{what}: line {self.line.line} of {FILE}{replaced}{but}{wait}; {NEXT}"


def review(
    root: Path, about: str, decision: str, why: str, who: str | None = None, label: str | None = None
) -> Reviewed:
    """Keep or drop an image, whatever the rules say, or give one without a class its `label`; waits for the project's
    lock.

    `decision` is keep, drop or label.
    `about` is an id, at least 8 digits of one, or DELIVERY/SOURCE. `who` is the person at work where
    it is None. A line about the same thing is replaced. Raises ValueError or OSError, and then the file is as it was:
    for what is unknown, ambiguous or cannot be kept, and where dedupe would refuse the file.
    """
    who, why = _words(person(root) if who is None else who), _words(re.sub('[,"]', " ", why))
    if not (who and why):
        raise ValueError(f"expected who says so and why, got {who!r} and {why!r}")
    decision = f"{decision} {_class(root, label)}" if decision == LABEL else decision
    if label is not None and not decision.startswith(LABEL):
        raise ValueError(f"--as says a class, and the decision is {decision}: only `label` takes one")
    with lock.held(root, f"review {about}"):
        lines = review_file.read(root)
        rows, to_come = _rows(root)
        meant = _meant(rows, about, to_come)
        if decision == "keep":
            _check_keepable(meant, about)
        if decision.startswith(LABEL):
            meant = _unlabelled(meant, about)
        first, held = meant.iloc[0], [] if decision == "drop" else _held(root, meant)
        overrule = Overrule(
            0, first["delivery"], first["source"] if "/" in about else "", first["id"], decision, who, why
        )
        replaced = [line for line in lines if _thing(line) == _thing(overrule)]
        if [line._replace(line=0) for line in replaced] == [overrule]:
            return Reviewed(replaced[0], False, [], [], held)
        line = review_file.put(root, overrule, replaced, None if to_come else _as_ingested(rows))
        return Reviewed(line, True, replaced, _exceptions(lines, rows, overrule), held)


def _rows(root: Path) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the listed deliveries in the newest table that has them all, else those that are ingested.

    And the deliveries that are listed and not ingested yet.
    """
    listed = listing.names(root)
    for state in STATES:
        if (root / "data" / state / store.TABLE).is_file():
            rows = store.read_rows(root / "data" / state)
            if listed and set(listed) <= set(rows["delivery"]):
                return _as_labelled(rows[rows["delivery"].isin(listed)].reset_index(drop=True)), []
    there = [name for name in listed if (root / "data/ingested" / name / store.TABLE).is_file()]
    if not there:
        raise FileNotFoundError("no listed delivery has a table below data/ingested yet: run `make repro`")
    tables = [store.read_rows(root / "data/ingested" / name) for name in there]
    return pd.concat(tables, ignore_index=True), [name for name in listed if name not in there]


def _as_labelled(rows: pd.DataFrame) -> pd.DataFrame:
    """With the classes that came, not those that a person gave."""
    if "review_decision" not in rows:
        return rows
    return rows.assign(label=rows["label"].mask(rows["review_decision"] == LABEL, ""))


def _class(root: Path, label: str | None) -> str:
    """The class of params.yaml that goes by that name."""
    classes = load(Classes, root / PARAMS)
    if label is None:
        raise ValueError(f"expected a class, --as CLASS, one of {', '.join(classes.names)}")
    found = classes.canonical(label)
    if found is None:
        raise ValueError(f"unknown class {classes.unknown([label])}")
    return found


def _unlabelled(meant: pd.DataFrame, about: str) -> pd.DataFrame:
    """Those rows of the image that can be given a class."""
    whole = meant[meant["dropped_by"] != "ingest"]
    if whole.empty:
        raise ValueError(f"{about} cannot be labelled: it is {meant.iloc[0]['drop_reason']} ({_key(meant.iloc[0])})")
    found = whole[whole["label"] == ""]
    if found.empty:
        raise ValueError(f"{about} came as {whole.iloc[0]['label']}: only an image without a class is labelled")
    return found


def _as_ingested(rows: pd.DataFrame) -> pd.DataFrame:
    """What the table was before anybody judged."""
    came = rows["dropped_by"] != "ingest"
    return rows.assign(
        kept=came, dropped_by=rows["dropped_by"].mask(came, ""), drop_reason=rows["drop_reason"].mask(came, "")
    )


def _meant(rows: pd.DataFrame, about: str, to_come: list[str]) -> pd.DataFrame:
    """The row of DELIVERY/SOURCE, or all rows of the image of that id."""
    if "/" in about:
        delivery, source = about.split("/", 1)
        found = rows[(rows["delivery"] == delivery) & (rows["source"] == source)]
    elif re.fullmatch("[0-9a-fA-F]+", about) and len(about) in DIGITS:
        found = rows[rows["id"].str.startswith(about.lower())]
    else:
        raise ValueError(f"expected an id of 32 hex digits, at least 8 of them, or DELIVERY/SOURCE, got {about!r}")
    ids = found["id"].unique().tolist()
    if not ids:
        hint = f"; run `make repro`, for {_listed(to_come)} came since" if to_come else ""
        raise ValueError(f"no image {about} in {_listed(rows['delivery'].unique().tolist())}{hint}")
    if len(ids) > 1:
        raise ValueError(f"{about} are the first digits of {_listed(ids)}: give more of them")
    return found


def _check_keepable(meant: pd.DataFrame, about: str) -> None:
    """That one of the rows can be kept, and that it is clear under which label."""
    whole = meant[meant["dropped_by"] != "ingest"]
    if whole.empty:
        raise ValueError(f"{about} cannot be kept: it is {meant.iloc[0]['drop_reason']} ({_key(meant.iloc[0])})")
    named = whole[whole["label"] != ""]
    if named["label"].nunique() > 1:
        keys = [f"{_key(row)} as {row['label']}" for _, row in named.iterrows()]
        raise ValueError(f"{about} came under several labels: say which to keep, {_listed(keys, 'or')}")


def _held(root: Path, meant: pd.DataFrame) -> list[str]:
    """The deliveries of the rows where all of them are on hold: a verdict keeps no image meanwhile."""
    names, held = meant["delivery"].unique().tolist(), listing.held(root)
    return names if set(names) <= set(held) else []


def _exceptions(lines: list[Overrule], rows: pd.DataFrame, overrule: Overrule) -> list[Overrule]:
    """Lines about single files of the image that say the opposite of a line about the image."""
    keys = set(map(tuple, rows.loc[rows["id"] == overrule.id, store.KEY].to_numpy()))
    opposite = [line for line in lines if line.source and line.review_decision != overrule.review_decision]
    return [] if overrule.source else [line for line in opposite if (line.delivery, line.source) in keys]


def _thing(line: Overrule) -> tuple[str, ...]:
    return (line.delivery, line.source) if line.source else (line.id,)


def _words(text: str) -> str:
    return " ".join(text.split())


def _key(row: pd.Series) -> str:
    return f"{row['delivery']}/{row['source']}"


def _about(line: Overrule) -> str:
    return f"{line.delivery}/{line.source}" if line.source else line.id


def _quoted(line: Overrule) -> str:
    return f"line {line.line} ({line.review_decision} {_about(line)}, {line.who}: {line.why})"


def _listed(names: Sequence[str], word: str = "and") -> str:
    shown = [*names[: NAMED - 1], f"{len(names) - NAMED + 1} more"] if len(names) > NAMED else list(names)
    return f" {word} ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
