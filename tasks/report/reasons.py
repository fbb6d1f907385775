"""Reasons for which rows are dropped: their order on the page, and what each means."""

from collections.abc import Iterable

MEANINGS = {
    "unreadable": "no decoder could read the file",
    "no-class": "the delivery gives no class, or an unknown one",
    "exact-copy": "the same pixels as a picture that stays",
    "near-copy": "the same picture, recompressed, resampled, brightened, turned or mirrored",
    "recropped-copy": "the same cell, cut out a few pixels beside",
    "label-conflict": "a copy of a picture with another label",
    "review-drop": "a person said so in data/review.csv",
    "held": "its delivery is on hold; data/holds.csv says why",
    "blank": "nothing on it: hardly any contrast",
    "noise": "neighbouring pixels have nothing to do with one another",
    "part-lost": "rows or columns at a side are missing",
    "foreign": "far from all other pictures in feature space",
    "bridges-splits": "a copy of pictures in two splits",
}
"""In the order in which the stages look."""


def ordered(reasons: Iterable[str]) -> list[str]:
    """Each once, in the order of MEANINGS, those that it lacks last, by name."""
    return sorted(set(reasons), key=position)


def position(reason: str) -> tuple[int, str]:
    """Sorts reasons as `ordered` does."""
    known = list(MEANINGS)
    return known.index(reason) if reason in MEANINGS else len(known), reason


def spoken(reason: str) -> str:
    """A reason as text: `exact-copy` is `exact copy`."""
    return reason.replace("-", " ")
