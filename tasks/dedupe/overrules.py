"""A person's overrules: a small table in git that wins over every rule.

Each line is about one delivered file (delivery and source) or about one image (id). A line about a file wins over
one about its image, so that one of two identical files can be chosen.
"""

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tasks import reasons
from tasks.dedupe.copies import ranked

COLUMNS = ["delivery", "source", "id", "review_decision", "who", "why"]
FORMER = ["delivery", "source", "id", "verdict", "who", "why"]
"""Of older projects."""
DECISIONS = ("keep", "drop")
LABEL = "label"
"""The decision that gives an image without a class one, and keeps it: `label ig`."""


class Overrule(NamedTuple):
    """One line of the file; what is not given is empty."""

    line: int
    delivery: str
    source: str
    id: str
    review_decision: str
    who: str
    why: str

    @property
    def label(self) -> str:
        """The class that it gives, "" for none."""
        decision, _, label = self.review_decision.partition(" ")
        return label if decision == LABEL else ""

    def __str__(self) -> str:
        about = f"{self.delivery}/{self.source}" if self.source else self.id
        return f"review, line {self.line} ({self.review_decision} {about})"


def read(file: Path) -> list[Overrule]:
    """The lines of `file`, a CSV with the header COLUMNS. Raises ValueError that names the line of what is wrong."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""))
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file}: expected a CSV file in UTF-8, got {error}") from error
    header = lines[0][1] if lines else []
    if header == FORMER:
        raise ValueError(f"{file}: the column verdict is review_decision now: `hemaflow migrate` renames it")
    if header != COLUMNS:
        raise ValueError(f"{file}: expected the columns {','.join(COLUMNS)}, got {','.join(header) or 'nothing'}")
    return [_parsed(file, number, cells) for number, cells in lines[1:] if any(cells)]


def applied(
    rows: pd.DataFrame, overrules: list[Overrule], listed: list[str], held: Collection[str] = ()
) -> pd.DataFrame:
    """`rows` with a column `review_decision`, keep, drop, label or empty, with those dropped that a person dropped, and
    with the classes that a person gave.

    Of several identical files, a line about the image keeps the first in order of precedence, of a delivery that is
    not `held` if there is one. A line whose delivery
    is not in `listed` waits for it; any other must fit a row. Raises ValueError with the line that fits none,
    contradicts another, or would keep what cannot be kept.
    """
    order = ranked(rows).sort_values("delivery", key=lambda name: name.isin(held), kind="stable")
    decided: dict[int, Overrule] = {}
    for overrule in sorted(overrules, key=lambda one: not one.source):
        if overrule.delivery in ("", *listed):
            dropped = [index for index, one in decided.items() if one.source and one.review_decision == "drop"]
            for index in _meant(rows, order.drop(dropped, errors="ignore"), overrule, held):
                _agree(decided.setdefault(index, overrule), overrule)
    decisions = pd.Series({index: one.review_decision.partition(" ")[0] for index, one in decided.items()}, dtype="str")
    labels = pd.Series({index: one.label for index, one in decided.items() if one.label}, dtype="str")
    rows = rows.assign(
        review_decision=decisions.reindex(rows.index).fillna(""),
        label=labels.reindex(rows.index).fillna(rows["label"]),
    )
    return reasons.drop(rows, rows["review_decision"] == "drop", reasons.REVIEW_DROP)


def _meant(rows: pd.DataFrame, order: pd.DataFrame, overrule: Overrule, held: Collection[str]) -> list[int]:
    """Indices of the rows that a line is about. `order` has the readable ones, in order of precedence."""
    fits = pd.Series(True, index=rows.index)
    for name in ("delivery", "source", "id"):
        if getattr(overrule, name):
            fits &= rows[name] == getattr(overrule, name)
    if not fits.any():
        raise ValueError(f"{overrule}: no row of the listed deliveries is that")
    if overrule.review_decision == "drop":
        return rows.index[fits if overrule.source else rows["id"] == overrule.id].tolist()
    kept = order[order.index.isin(rows.index[fits])] if overrule.source else order[order["id"] == overrule.id]
    if kept.empty:
        why = rows[fits].iloc[0]["drop_reason"] or "dropped file by file"
        raise ValueError(f"{overrule}: cannot be {'labelled' if overrule.label else 'kept'}, it is {why}")
    if overrule.label:
        return _unlabelled(kept, overrule).index[:1].tolist()
    if (kept["label"] != "").any():
        kept = kept[kept["label"] != ""]
    if kept.loc[~kept["delivery"].isin(held), "label"].nunique() > 1:
        labels = " and ".join(sorted(kept["label"].unique()))
        raise ValueError(f"{overrule}: the image came as {labels}; say which file by its delivery and source")
    return kept.index[:1].tolist()


def _unlabelled(rows: pd.DataFrame, overrule: Overrule) -> pd.DataFrame:
    found = rows[rows["label"] == ""]
    if found.empty:
        raise ValueError(f"{overrule}: came as {rows.iloc[0]['label']}, and only an image without a class is labelled")
    return found


def _agree(earlier: Overrule, later: Overrule) -> None:
    if earlier.review_decision != later.review_decision and bool(earlier.source) == bool(later.source):
        raise ValueError(f"{later}: contradicts line {earlier.line}, which says {earlier.review_decision}")


def _parsed(file: Path, line: int, cells: list[str]) -> Overrule:
    where = f"{file}, line {line}"
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{where}: expected {len(COLUMNS)} fields ({','.join(COLUMNS)}), got {len(cells)}")
    found = Overrule(line, *cells)
    if found.review_decision not in DECISIONS and not found.label:
        raise ValueError(f"{where}: review_decision must be keep, drop or label CLASS, got {found.review_decision!r}")
    if not (found.id or (found.delivery and found.source)):
        raise ValueError(f"{where}: expected an id, or a delivery and a source")
    if not (found.who and found.why):
        raise ValueError(f"{where}: expected who says so and why, got who={found.who!r}, why={found.why!r}")
    return found
