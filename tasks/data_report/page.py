"""The page: one HTML file with all that it needs inside, which opens without a network."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tasks import reasons
from tasks.data_report import acquisition, compared, gallery, tables, untested
from tasks.data_report.cards import Section
from tasks.data_report.material import Material
from tasks.page import html
from tasks.store import Reading

TEMPLATES = Path(__file__).parent / "templates"


def sections(material: Material, readings: Mapping[str, Reading]) -> list[Section]:
    """The lists in the order of the page: what wants a person's eye first, what was kept last."""
    return [
        *compared.copy_lists(material),
        *compared.both_stay(material),
        *gallery.outliers(material),
        *gallery.checks(material),
        *compared.bridges(material),
        *gallery.others(material),
        *gallery.unreadable(material),
        *compared.overruled(material),
        *acquisition.section(material, readings),
        *gallery.sheets(material),
    ]


def render(
    summary: dict[str, Any], reading: tables.Table, lists: list[Section], image: Callable[[int], str], side: int
) -> str:
    """The page as HTML; `reading` is the table of how each delivery was read.

    `image` gives the address of an image by its position in the table.
    """
    return html.render(
        TEMPLATES,
        summary=summary,
        verdict=verdict(summary),
        share=tables.share(summary["kept"], summary["came"]),
        untested=untested.told(summary),
        tables=[*tables.tables(summary), reading],
        sections=lists,
        image=image,
        side=side,
    )


def verdict(summary: dict[str, Any]) -> str:
    """The reasons in one line, the most frequent first: `1,599 exact copies, ...`."""
    found: dict[str, int] = {}
    for counts in summary["stages"].values():
        for reason, count in counts.items():
            found[reason] = found.get(reason, 0) + count
    order = sorted(found, key=lambda reason: -found[reason])
    return ", ".join(f"{reasons.spoken(reason)} {found[reason]:,}" for reason in order)
