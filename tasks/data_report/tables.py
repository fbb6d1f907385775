"""The tables of the page, made from the summary alone: text and counts in lines, each with its total."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tasks import reasons

TableCell = str | int
SPLITS = ("train", "val", "test")
TITLES = {
    "classes": ("By class", "class"),
    "acquisition_batches": ("By acquisition batch", "acquisition batch"),
    "deliveries": ("By delivery", "delivery"),
}


@dataclass(frozen=True)
class Table:
    """`head` names the columns, those at the positions `texts` hold words, the others figures."""

    anchor: str
    title: str
    head: list[str]
    lines: list[list[TableCell]]
    total: list[TableCell]
    texts: tuple[int, ...] = (0,)


def tables(summary: dict[str, Any]) -> list[Table]:
    """By reason, class, acquisition batch and delivery; class by acquisition batch; kept rows by split."""
    return [
        by_reason(summary),
        *(by_dimension(summary, name) for name in TITLES),
        class_by_batch(summary),
        class_by_split(summary),
    ]


def by_reason(summary: dict[str, Any]) -> Table:
    """Dropped rows by stage and reason, with the share of all that came."""
    lines: list[list[TableCell]] = [
        [stage, reasons.spoken(reason), count, share(count, summary["came"]), reasons.of(reason).meaning]
        for stage, found in summary["stages"].items()
        for reason, count in found.items()
    ]
    total: list[TableCell] = ["dropped", "", summary["dropped"], share(summary["dropped"], summary["came"]), ""]
    head = ["dropped by", "reason", "rows", "of all", "meaning"]
    return Table("by-reason", "Why rows were dropped", head, lines, total, texts=(0, 1, 4))


def by_dimension(summary: dict[str, Any], name: str) -> Table:
    """Came, kept and dropped, and the reasons, for each delivery, class or acquisition batch."""
    entries, (title, first) = summary[name], TITLES[name]
    found = reasons.ordered(reason for entry in entries.values() for reason in entry["reasons"])
    lines = [_line(named(key), entry, found) for key, entry in entries.items()]
    everything = {reason: sum(entry["reasons"].get(reason, 0) for entry in entries.values()) for reason in found}
    total = _line("all", {**summary, "reasons": everything}, found)
    head = [first, "came", "kept", "share kept", "dropped", *map(reasons.spoken, found)]
    return Table(f"by-{first.replace(' ', '-')}", title, head, lines, total)


def class_by_batch(summary: dict[str, Any]) -> Table:
    """How many of the rows of each class and acquisition batch were dropped: `3 of 120`."""

    def table_cell(label: str | None, batch: str | None) -> str:
        here = [
            c
            for c in summary["combinations"]
            if label in (None, c["class"]) and batch in (None, c["acquisition_batch"])
        ]
        came, dropped = sum(c["rows"] for c in here), sum(c["rows"] for c in here if c["drop_reason"])
        return f"{dropped:,} of {came:,}" if came else ""

    return _crossed(
        "class-by-acquisition-batch",
        "Dropped, by class and acquisition batch",
        summary["classes"],
        summary["acquisition_batches"],
        table_cell,
    )


def class_by_split(summary: dict[str, Any]) -> Table:
    """Kept rows of each class and split."""

    def table_cell(label: str | None, split: str | None) -> int:
        found = [counts for name, counts in summary["splits"].items() if split in (None, name)]
        return sum(count for counts in found for name, count in counts.items() if label in (None, name))

    splits = {name: None for name in SPLITS if name in summary["splits"]} | summary["splits"]
    return _crossed("class-by-split", "Kept, by class and split", summary["classes"], splits, table_cell)


def share(part: int, whole: int) -> str:
    """A percentage, `12.3 %`; parts that round to 0 or to all say so."""
    if not whole:
        return ""
    percent = 100 * part / whole
    if 0 < percent < 0.05:
        return "< 0.1 %"
    return "> 99.9 %" if 99.95 <= percent < 100 else f"{percent:.1f} %"


def named(key: str) -> str:
    """A class or acquisition batch, `none` where a row has none."""
    return key or "none"


def _line(key: str, entry: dict[str, Any], found: list[str]) -> list[TableCell]:
    return [
        key,
        entry["came"],
        entry["kept"],
        share(entry["kept"], entry["came"]),
        entry["dropped"],
        *(entry["reasons"].get(reason, 0) for reason in found),
    ]


def _crossed(
    anchor: str,
    title: str,
    down: dict[str, Any],
    across: dict[str, Any],
    table_cell: Callable[[str | None, str | None], TableCell],
) -> Table:
    columns: list[str | None] = [*across, None]
    lines = [[named(label), *(table_cell(label, column) for column in columns)] for label in down]
    head = ["class", *map(named, across), "all"]
    return Table(anchor, title, head, lines, ["all", *(table_cell(None, column) for column in columns)])
