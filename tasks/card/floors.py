"""The absolute floors of the gate, and how the model stands to each: what makes it good enough or not."""

from tasks.card.tables import Cell, Table, cells
from tasks.card.words import Figure, joined, percent, ranged, spoken
from tasks.gate.comparison import Comparison
from tasks.gate.decision import Decision
from tasks.gate.errors import RECALL
from tasks.page.html import plural

MARKS = {True: ("reached", "well"), False: ("not reached", "bad"), None: ("not tested", "")}


def answer(decision: Decision) -> str:
    """The verdict in a few words. What lacks evidence is told from what is shown to be bad."""
    if decision.promote:
        return "Good enough, by every floor"
    return "Not good enough" if any(map(_below, decision.comparisons)) else "Not shown to be good enough"


def sentence(decision: Decision) -> str:
    """How many floors are reached, and the foremost of them: the worst that is not, else the one that is nearest."""
    tested = [c for c in decision.comparisons if c.passed is not None]
    failed = sorted((c for c in tested if not c.passed), key=lambda c: (not _below(c), -c.excess))
    untested = [_what(c) for c in decision.comparisons if c.passed is None]
    said = _failed(failed, len(tested)) if failed else _reached(tested)
    return f"{said} Not tested, for lack of rows: {joined(untested)}." if untested else said


def table(decision: Decision) -> Table:
    """A line for each floor, which the lower end of the model's interval must reach."""
    lines = [
        [
            *cells(_what(c), f"{c.rows:,}", percent(1 - c.margin), ranged(_found(c))),
            Cell(MARKS[c.passed][0], tone=MARKS[c.passed][1]),
            # What is said of a floor that is reached begins with what its mark says already.
            Cell(c.why.partition("; ")[2] if c.passed else c.why),
        ]
        for c in decision.comparisons
    ]
    head = ["balanced accuracy or recall", "rows", "floor", "found", "", "why"]
    return Table("floors", "The floors, and where the model stands", head, lines, texts=(0, 4, 5))


def _reached(tested: list[Comparison]) -> str:
    if not tested:
        return "No floor could be tested."
    nearest = max(tested, key=lambda c: c.excess)
    margin = f"its floor {percent(1 - nearest.margin)}"
    return f"Each of {plural(len(tested), 'floor')} is reached. The nearest is that of {_named(nearest)}; {margin}."


def _failed(failed: list[Comparison], tested: int) -> str:
    first = failed[0]
    word = "below" if _below(first) else "not shown to reach"
    return (
        f"{len(failed):,} of {plural(tested, 'floor')} not reached. "
        f"The foremost is that of {_named(first)}: {word} its floor {percent(1 - first.margin)}."
    )


def _named(c: Comparison) -> str:
    what = _what(c) if c.name == RECALL else f"balanced accuracy on {_what(c)}"
    return f"{what}, {ranged(_found(c))}"


def _what(c: Comparison) -> str:
    return c.title if c.name == RECALL else spoken(c.title)


def _found(c: Comparison) -> Figure | None:
    return None if c.challenger is None else Figure(c.challenger, c.low, c.high).turned()


def _below(c: Comparison) -> bool:
    return c.passed is False and c.low is not None and c.low > c.margin
