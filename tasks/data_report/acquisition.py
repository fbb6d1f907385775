"""How each delivery was read: depth, crop and what was left out, with images of each beside one another."""

import math
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import pandas as pd

from tasks import reasons, store
from tasks.data_report.cards import Group, Section
from tasks.data_report.material import Material
from tasks.data_report.tables import Table, TableCell
from tasks.page.html import plural
from tasks.store import Reading

SAMPLE = 12
"""Images of each delivery on the page."""
LEFT_OUT = (*store.NO_PIXELS, store.UNLISTED_CLASS, reasons.UNLABELLED.name)
"""Reasons of rows that are left out for what came, whatever the others are."""


def table(rows: pd.DataFrame, readings: Mapping[str, Reading]) -> Table:
    """A line for each delivery, in their order."""
    lines = [_line(name, rows[rows["delivery"] == name], reading) for name, reading in readings.items()]
    sums = [sum(int(line[column]) for line in lines) for column in range(4, 5 + len(LEFT_OUT))]
    total: list[TableCell] = ["all", "", "", "", *sums]
    head = [
        "delivery",
        "depth",
        "images, pixels",
        "crop, pixels",
        "files of the system",
        *map(reasons.spoken, LEFT_OUT),
    ]
    return Table("reading", "How each delivery was read, and what was left out", head, lines, total, texts=(0, 1, 2, 3))


def section(material: Material, readings: Mapping[str, Reading]) -> list[Section]:
    """Images of each delivery as they are stored, where there are several to compare."""
    if len(readings) < 2:
        return []
    groups = [_group(material, name, reading) for name, reading in readings.items()]
    return [
        Section(
            anchor="scale",
            title="Scale of each delivery",
            intro="Cells of one class should be equally large in all deliveries. Where they are not, set crop or scale "
            "in data/deliveries/NAME.yaml.",
            count=plural(sum(len(group.cards) for group in groups), "image"),
            groups=groups,
            wall=True,
            brief=True,
        )
    ]


def crop(rows: pd.DataFrame, reading: Reading) -> str:
    """The sides of the squares that were cut out of a delivery's images, in words."""
    sides = rows.loc[rows["crop"] > 0, "crop"]
    if sides.empty:
        return "none"
    text = " to ".join(dict.fromkeys(f"{side:,}" for side in (sides.min(), sides.max())))
    if reading.scale is not None:
        return f"{text} (its own, {reading.scale:g} pixels per µm)"
    return f"{text} (its own)" if reading.own_crop else text


def _line(name: str, rows: pd.DataFrame, reading: Reading) -> list[TableCell]:
    counts = rows["drop_reason"].value_counts()
    left_out = [int(counts.get(reason, 0)) for reason in LEFT_OUT]
    return [name, reading.depth or "8-bit", _sides(rows), crop(rows, reading), reading.left_out, *left_out]


def _sides(rows: pd.DataFrame) -> str:
    """`360 x 363`, or `96 x 96 to 360 x 363` by area; of the readable ones."""
    seen = rows[rows["height"] > 0]
    if seen.empty:
        return "none"
    sides = sorted(zip(seen["width"], seen["height"], strict=True), key=math.prod)
    return " to ".join(dict.fromkeys(f"{width} x {height}" for width, height in (sides[0], sides[-1])))


def _group(material: Material, name: str, reading: Reading) -> Group:
    rows = material.rows[material.rows["delivery"] == name]
    ids = material.ids(material.rows["kept"] & (material.rows["delivery"] == name))
    cards = material.deck.cards(_drawn(rows[rows["kept"]], ids))
    return Group(cards, f"{name}: crop {crop(rows, reading)}, {len(cards):,} of {len(ids):,}")


def _drawn(rows: pd.DataFrame, ids: Sequence[str]) -> list[str]:
    """SAMPLE ids, the classes in turn, each by a hash of the id."""
    found: dict[str, Any] = dict(zip(rows["id"], rows["label"], strict=True))
    ranked = pd.Series(sorted(ids, key=lambda one: blake2b(one.encode()).digest()), dtype=str)
    turn = ranked.groupby(ranked.map(found)).cumcount()
    order = pd.DataFrame({"id": ranked, "turn": turn, "label": ranked.map(found)}).sort_values(["turn", "label"])
    return order["id"].head(SAMPLE).tolist()
