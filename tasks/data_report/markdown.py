"""The summary as Markdown, for places that show no HTML."""

from collections.abc import Iterable, Sequence
from typing import Any

from tasks import reasons
from tasks.page import markdown as markdown_page

NAMES = {"deliveries": "delivery", "classes": "class", "acquisition_batches": "acquisition batch"}


def markdown(summary: dict[str, Any]) -> str:
    """What `tasks.data_report.summary` counted: a sentence, dropped rows by reason, and a table by each dimension."""
    sentence = f"**{summary['came']:,} rows came, {summary['kept']:,} kept, {summary['dropped']:,} dropped.**"
    parts = [sentence, _reasons(summary), *(_dimension(summary, name) for name in NAMES)]
    return "\n\n".join(parts) + "\n"


def _reasons(summary: dict[str, Any]) -> str:
    lines = [
        (stage, reasons.spoken(reason), count)
        for stage, found in summary["stages"].items()
        for reason, count in found.items()
    ]
    return _table(["dropped by", "reason", "rows"], [*lines, ("", "dropped", summary["dropped"])])


def _dimension(summary: dict[str, Any], name: str) -> str:
    found = reasons.ordered(reason for entry in summary[name].values() for reason in entry["reasons"])
    head = [NAMES[name], "came", "kept", "dropped", *map(reasons.spoken, found)]
    lines = [_line(key or "none", entry, found) for key, entry in summary[name].items()]
    totals = [sum(int(line[column]) for line in lines) for column in range(1, len(head))]
    return _table(head, [*lines, ("all", *totals)])


def _line(key: str, entry: dict[str, Any], found: list[str]) -> tuple[str | int, ...]:
    return key, entry["came"], entry["kept"], entry["dropped"], *(entry["reasons"].get(name, 0) for name in found)


def _table(head: Sequence[str], lines: Iterable[Sequence[str | int]]) -> str:
    words = {"dropped by", "reason", *NAMES.values()}
    return markdown_page.table(head, lines, [column for column, name in enumerate(head) if name in words])
