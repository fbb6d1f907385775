"""An image on the page with what is said of it: all rows of one id are one card, however many they are."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from tasks import reasons, store

FILES = 2000
"""Files listed below one card at most."""


@dataclass(frozen=True)
class Files:
    """Some of a card's rows: those of one label that met one end."""

    label: str
    state: str
    keys: list[str]
    more: int  # files that are not listed


@dataclass(frozen=True)
class Card:
    """One image. `place` is the position in the table of the row whose pixels show it, None where none can."""

    id: str
    place: int | None
    kept: bool
    state: str
    labels: str
    title: str
    count: int
    files: list[Files]
    person: str  # what a person said of it, "" where none did
    note: str = ""

    @property
    def disputed(self) -> bool:
        """Whether its rows differ in their labels."""
        return len({some.label for some in self.files}) > 1


@dataclass(frozen=True)
class Group:
    """Cards beside one another; `more` counts the images that are not shown."""

    cards: list[Card]
    caption: str = ""
    more: int = 0


@dataclass(frozen=True)
class Section:
    """One list of the page: groups of cards, or lines of text; `more` counts what is not shown, in `noun`s."""

    anchor: str
    title: str
    intro: str
    count: str
    groups: list[Group] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0
    noun: str = "images"
    wall: bool = False  # cards flow like text; else each group has a frame of its own
    brief: bool = False  # cards show their image and id alone
    tone: str = ""


class Row(NamedTuple):
    """What a card says of one row; `place` is its position in the table."""

    place: int
    key: str
    label: str
    acquisition_batch: str
    split: str
    kept: bool
    drop_reason: str
    duplicate_of: str
    review_decision: str
    outlier_score: float


class Deck:
    """Makes cards from the table. `rows_of` gives an image's rows, kept ones first, else in the table's order."""

    def __init__(self, rows: pd.DataFrame):
        table = rows.assign(place=range(len(rows)), key=rows["delivery"] + "/" + rows["source"])
        self._columns = [table[name].tolist() for name in Row._fields]
        self._places: Mapping[Hashable, Any] = table.groupby("id").indices

    def rows_of(self, identity: str) -> list[Row]:
        """All rows of that id."""
        found = [Row(*(column[place] for column in self._columns)) for place in self._places[identity]]
        return sorted(found, key=lambda row: not row.kept)

    def card(self, identity: str, note: str = "") -> Card:
        """The card of an image, with `note` below it."""
        rows = self.rows_of(identity)
        first = rows[0]
        return Card(
            id=identity,
            place=None if first.drop_reason in store.NO_PIXELS else first.place,
            kept=first.kept,
            state=_state(rows),
            labels=_labels(rows),
            title=" · ".join(
                filter(
                    None,
                    [
                        first.key,
                        first.acquisition_batch and f"acquisition batch {first.acquisition_batch}",
                        first.split,
                    ],
                )
            ),
            count=len(rows),
            files=_files(rows),
            person=" and ".join(sorted({row.review_decision for row in rows} - {""})),
            note=note,
        )

    def cards(self, identities: Iterable[str]) -> list[Card]:
        """Cards without a note."""
        return [self.card(identity) for identity in identities]


def _state(rows: list[Row]) -> str:
    """What became of the image: kept where a row of it is, else why the row that stood for its copies went."""
    if rows[0].kept:
        return "kept"
    found = [reason for reason in reasons.ordered(row.drop_reason for row in rows) if reason != reasons.EXACT_COPY.name]
    return reasons.spoken(found[-1] if found else reasons.EXACT_COPY.name)


def _labels(rows: list[Row]) -> str:
    found = Counter(row.label or "no class" for row in rows)
    if set(found.values()) == {1} or len(found) == 1:
        return " or ".join(sorted(found))
    return ", ".join(f"{label} {count:,}" for label, count in sorted(found.items(), key=lambda item: (-item[1], item)))


def _files(rows: list[Row]) -> list[Files]:
    """The rows by label and end, FILES of them at most; nothing for an image that came once."""
    if len(rows) == 1:
        return []
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        state = "kept" if row.kept else reasons.spoken(row.drop_reason)
        found.setdefault((row.label or "no class", state), []).append(row.key)
    left, files = FILES, []
    for (label, state), keys in sorted(found.items()):
        files.append(Files(label, state, keys[:left], len(keys) - len(keys[:left])))
        left -= len(keys[:left])
    return files
