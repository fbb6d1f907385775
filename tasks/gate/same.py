"""Whether two records can be compared at all: the same pictures, under the same distortions."""

from tasks.record import MIX, SLICES, Record

FACTS = ("label", "group", *SLICES)
"""Columns that are the picture's, whatever the model says of it."""


def check_complete(record: Record) -> None:
    """Raises ValueError for a record without rows, without a cell of the suite, or without the mix."""
    if record.rows.empty:
        raise ValueError("the record has no rows, expected at least one")
    if not record.cells or MIX not in record.suite:
        raise ValueError(
            f"the record lacks {'the mix' if record.cells else 'the distortion suite'}: evaluate the model again"
        )


def check_same(champion: Record, challenger: Record) -> None:
    """Raises ValueError with what differs and how many of it, in the order: classes, cells, ids, other columns."""
    if champion.classes != challenger.classes:
        raise ValueError(
            f"the records' classes differ: {', '.join(champion.classes)} and {', '.join(challenger.classes)}"
        )
    _same_set("cells of the distortion suite", set(champion.suite.columns), set(challenger.suite.columns))
    _same_set("ids", set(champion.rows["id"]), set(challenger.rows["id"]))
    for column in FACTS:
        ours, theirs = (record.rows[column].tolist() for record in (champion, challenger))
        other = [k for k, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]]
        if other:
            raise ValueError(
                f"{column} differs in {len(other)} of {len(ours)} test rows: "
                f"{champion.rows['id'].iloc[other[0]]} has {ours[other[0]]!r} and {theirs[other[0]]!r}"
            )


def _same_set(what: str, champion: set[str], challenger: set[str]) -> None:
    gone, new = sorted(champion - challenger), sorted(challenger - champion)
    if gone or new:
        raise ValueError(
            f"the records are of other test rows or another suite: {what} of the champion alone: {_some(gone)}; "
            f"of the challenger alone: {_some(new)}. Evaluate both on the same rows"
        )


def _some(names: list[str]) -> str:
    dots = ", ..." if len(names) > 3 else ""
    return f"{len(names)} ({', '.join(names[:3])}{dots})" if names else "0"
