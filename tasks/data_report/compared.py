"""The lists in which images stand beside those that they are compared with: copies, conflicts, bridges, overrules."""

from dataclasses import replace

import pandas as pd

from tasks import reasons
from tasks.data_report import copies
from tasks.data_report.cards import Group, Section
from tasks.data_report.material import Material
from tasks.page.html import plural

GROUP = 12
"""Images of one group that are shown at most."""

KINDS = {
    "conflict": (
        "Label conflicts",
        "The same image under different labels. One of them is wrong, and no rule can say which: look at each, and "
        "keep the row that has the right label. Groups that a person has settled come last.",
    ),
    "exact": (
        "Exact copies",
        "Files with the same pixels. Shown once each, with the number of files that hold it; the most frequent first.",
    ),
    "near": (
        "Near copies",
        "The same image, saved anew, brightened, turned or mirrored: few bits of the perceptual hash differ, and a "
        "comparison of the pixels confirmed it (RMSE in grey levels). The least alike first.",
    ),
    "recropped": (
        "Recropped copies",
        "The same cell, cut out a few pixels beside: found by its features, laid over the other one, and confirmed on "
        "the pixels that both show. The least alike first.",
    ),
}


def copy_lists(material: Material) -> list[Section]:
    """Conflicts, exact, near and recropped copies, in this order; a kind without a group is left out."""
    table = copies.overview(material.rows, material.code)
    return [_copies(material, kind, table[table["kind"] == kind]) for kind in KINDS if (table["kind"] == kind).any()]


def _copies(material: Material, kind: str, table: pd.DataFrame) -> Section:
    shown = copies.fitting(table["images"].clip(upper=GROUP).to_numpy(), material.settings.shown)
    order = material.ids_by_group("drop_value")
    groups = [_copy_group(material, order[code]) for code in table.index[:shown]]
    title, intro = KINDS[kind]
    return Section(
        anchor=kind,
        title=title,
        intro=intro,
        count=_count(table),
        groups=[Group([card for group in groups for card in group.cards])] if kind == "exact" else groups,
        more=len(table) - shown,
        noun="groups",
        tone="alert" if kind == "conflict" else "",
        wall=kind == "exact",
    )


def _count(table: pd.DataFrame) -> str:
    dropped, settled = table["dropped"].sum(), table["settled"].sum()
    text = f"{plural(len(table), 'group')}, {plural(int(table['rows'].sum()), 'row')}, {dropped:,} dropped"
    return text + (f", {settled:,} settled by a person" if settled else "")


def _copy_group(material: Material, identities: list[str]) -> Group:
    reference = copies.reference({identity: material.deck.rows_of(identity) for identity in identities})
    return _beside(material, reference, [identity for identity in identities if identity != reference])


def _beside(material: Material, reference: str, others: list[str], caption: str = "") -> Group:
    cards = [material.deck.card(other, material.relations(reference, other)) for other in others[: GROUP - 1]]
    return Group([material.deck.card(reference), *cards], caption, max(0, len(others) - len(cards)))


def both_stay(material: Material) -> list[Section]:
    """Confirmed pairs of which both stay."""
    pairs = copies.both_stay(material.rows, material.pairs)
    ends = list(zip(pairs["first"], pairs["second"], strict=True))
    shown = ends[: max(1, material.settings.shown // 2)]
    return _section(
        Section(
            anchor="both-stay",
            title="Copies that both stay",
            intro="Confirmed pairs of which neither was dropped: a person kept both, or one of them is a copy of a "
            "third image that the other is no copy of. They stand in the same split. The most alike first.",
            count=plural(len(ends), "pair"),
            groups=[_beside(material, first, [second]) for first, second in shown],
            more=len(ends) - len(shown),
            noun="pairs",
        )
    )


def bridges(material: Material) -> list[Section]:
    """Images that were dropped because their copies stand in two splits, with these copies."""
    found = material.ids(material.rows["drop_reason"] == reasons.BRIDGES_SPLITS.name)
    shown = found[: max(1, material.settings.shown // 3)]
    return _section(
        Section(
            anchor="bridges",
            title="Bridges between splits",
            intro="Copies of images that already stand in different splits. Kept, they would let test images leak "
            "into training, and what was ever test stays test.",
            count=plural(len(found), "image"),
            groups=[_bridge(material, identity) for identity in shown],
            more=len(found) - len(shown),
        )
    )


def _bridge(material: Material, identity: str) -> Group:
    group = _beside(material, identity, _kin(material, identity))
    splits = {card.id: material.deck.rows_of(card.id)[0].split for card in group.cards[1:]}
    cards = [replace(card, note=f"in {splits[card.id]}, {card.note}") for card in group.cards[1:]]
    joined = " and ".join(sorted(set(splits.values())))
    return Group([group.cards[0], *cards], f"Would join {joined}" if joined else "", group.more)


def overruled(material: Material) -> list[Section]:
    """Images of which a person has spoken, with their copies, and what it changed."""
    found = material.ids(material.rows["review_decision"] != "")
    shown = found[: max(1, material.settings.shown // 3)]
    return _section(
        Section(
            anchor="overruled",
            title="Overruled by a person",
            intro="Decisions from data/review.csv, where who and why are written. They win over every rule, in later "
            "runs too.",
            count=plural(len(found), "image"),
            groups=[
                _beside(material, identity, _kin(material, identity), _effect(material, identity)) for identity in shown
            ],
            more=len(found) - len(shown),
        )
    )


def _kin(material: Material, identity: str) -> list[str]:
    """Ids that are confirmed copies of an image."""
    pairs = material.pairs
    ends = [pairs.loc[pairs["first"] == identity, "second"], pairs.loc[pairs["second"] == identity, "first"]]
    return pd.concat(ends).drop_duplicates().sort_values().tolist()


def _effect(material: Material, identity: str) -> str:
    rows, kin = material.deck.rows_of(identity), _kin(material, identity)
    reviewed = [row for row in rows if row.review_decision]
    stays = any(row.kept for row in reviewed)
    if reviewed[0].review_decision == "drop":
        copy = any(row.kept for one in [identity, *kin] for row in material.deck.rows_of(one))
        return "Drop: without effect, it stays." if stays else f"Drop: went; {'a' if copy else 'no'} copy of it stays."
    if not stays:
        return f"Keep: without effect, it went as {reasons.spoken(reviewed[0].drop_reason)}."
    line, score = material.highest_by_rule, reviewed[0].outlier_score
    found = ["it has copies, and stays for them or beside them"] if kin or len(rows) > 1 else []
    found += [f"its score of {score:.2f} is above all that rules kept (up to {line:.2f})"] if score > line else []
    return f"Keep: {' and '.join(found) or 'no rule speaks against it today'}."


def _section(section: Section) -> list[Section]:
    return [section] if section.groups else []
