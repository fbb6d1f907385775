"""The lists of images that stand for themselves: outliers, those that a check dropped, and what was kept."""

from hashlib import blake2b

from tasks import reasons, store
from tasks.data_report.cards import Card, Group, Section
from tasks.data_report.material import Material
from tasks.page.html import plural
from tasks.reasons import Reason

COPIES = {reason.name for reason in reasons.TABLE.values() if reason.drift in ("copied", "conflicting")}
ELSEWHERE = {"", *store.NO_PIXELS, reasons.BRIDGES_SPLITS.name, reasons.REVIEW_DROP.name} | COPIES
"""Reasons whose rows other lists show."""
THE_LINE = "Where the line runs is seen best at its two sides: the last that went, and the first that stayed."


def outliers(material: Material) -> list[Section]:
    """Outliers by score, and the kept images next to the line."""
    return _ruled(material, reasons.OUTLIER, f"{reasons.OUTLIER.sentence} {THE_LINE}")


def checks(material: Material) -> list[Section]:
    """What the plain checks dropped, and the kept images nearest to each line."""
    found = [reason for reason in reasons.TABLE.values() if reason.measure and reason != reasons.OUTLIER]
    return [section for reason in found for section in _ruled(material, reason, reason.sentence)]


def _ruled(material: Material, reason: Reason, intro: str) -> list[Section]:
    assert reason.measure
    column, caption, _, low = reason.measure
    rows = material.rows
    if not (rows["drop_reason"] == reason.name).any():
        return []
    dropped = material.ids(rows["drop_reason"] == reason.name, column, low)
    kept = material.ids(rows["kept"] & rows[column].notna(), column, low)
    nearest = kept[: material.settings.nearest]
    values = rows.groupby("id")[column].max()

    def cards(identities: list[str]) -> list[Card]:
        return [material.deck.card(identity, f"{caption} {values[identity]:.2f}") for identity in identities]

    head, tail = _ends(dropped, material.settings.shown)
    last, more = f"Dropped, {'lowest' if low else 'highest'} first", len(dropped) - len(head) - len(tail)
    groups = [Group(cards(head), last, more), Group(cards(tail), "Dropped, down to the line")]
    groups.append(Group(cards(nearest), f"Kept, nearest to the line ({len(nearest):,} of {len(kept):,})"))
    return [
        Section(
            anchor=reason.name,
            title=reason.heading,
            intro=intro,
            count=plural(len(dropped), "image"),
            groups=[group for group in groups if group.cards],
            wall=True,
        )
    ]


def _ends(ids: list[str], shown: int) -> tuple[list[str], list[str]]:
    """All of them, or where they are too many the first and the last ones."""
    if len(ids) <= shown:
        return ids, []
    return ids[: (shown + 1) // 2], ids[len(ids) - shown // 2 :] if shown > 1 else []


def others(material: Material) -> list[Section]:
    """Images that went for a reason of which no other list knows."""
    found = reasons.ordered(set(material.rows["drop_reason"]) - ELSEWHERE)
    return [_plain(material, reason) for reason in map(reasons.of, found) if not reason.measure]


def _plain(material: Material, reason: Reason) -> Section:
    found = material.ids(material.rows["drop_reason"] == reason.name)
    cards = material.deck.cards(found[: material.settings.shown])
    return Section(
        anchor=reason.name,
        title=reason.heading,
        intro=_released(material) if reason == reasons.HELD else reason.sentence,
        count=plural(len(found), "image"),
        groups=[Group(cards)],
        more=len(found) - len(cards),
        wall=True,
    )


def _released(material: Material) -> str:
    """Which deliveries are on hold, and the command that takes each back."""
    rows = material.rows.loc[material.rows["drop_reason"] == reasons.HELD.name, "delivery"]
    counts = rows.value_counts(sort=False)
    held = "; ".join(
        f"{name} ({plural(count, 'row')}), until hemaflow release {name} --why REASON" for name, count in counts.items()
    )
    return f"On hold, and data/holds.csv says why: {held}."


def unreadable(material: Material) -> list[Section]:
    """Files that have no pixels, with what the decoder said."""
    return [section for name in store.NO_PIXELS for section in _without_pixels(material, reasons.of(name))]


def _without_pixels(material: Material, reason: Reason) -> list[Section]:
    rows = material.rows[material.rows["drop_reason"] == reason.name].sort_values(["delivery", "source"])
    lines = rows[["delivery", "source", "id", "label", "file_bytes", "detail"]].head(material.settings.shown)
    section = Section(
        anchor=reason.name,
        title=reason.heading,
        intro=reason.sentence,
        count=plural(len(rows), "file"),
        lines=[{str(name): value for name, value in line.items()} for line in lines.to_dict("records")],
        more=len(rows) - len(lines),
        noun="files",
    )
    return [section] if lines.size else []


def sheets(material: Material) -> list[Section]:
    """A sample of each class as kept, the same in every run as long as its images stay."""
    rows = material.rows
    groups = [_sheet(material, label) for label in sorted(set(rows["label"]) - {""})]
    return [
        Section(
            anchor="kept",
            title="What was kept, by class",
            intro="A sample of each class, drawn by a hash of the id: the same images as long as they stay.",
            count=plural(int(rows["kept"].sum()), "row"),
            groups=groups,
            wall=True,
            brief=True,
        )
    ]


def _sheet(material: Material, label: str) -> Group:
    kept = material.ids(material.rows["kept"] & (material.rows["label"] == label))
    drawn = sorted(kept, key=lambda identity: blake2b(identity.encode()).digest())[: material.settings.sample]
    text = f"{label}: {len(drawn):,} of {len(kept):,}" if kept else f"{label}: none kept"
    return Group(material.deck.cards(drawn), text)
