"""The absolute minimums of the gate, and and which of them the model meets."""

from tasks.gate.comparison import Comparison
from tasks.gate.decision import Decision
from tasks.gate.errors import RECALL
from tasks.model_report.formatting import Figure, joined, percent, ranged, spoken
from tasks.model_report.tables import Table, TableCell, table_cells
from tasks.page.html import plural

MARKS = {True: ("met", "well"), False: ("not met", "bad"), None: ("not tested", "")}


def answer(decision: Decision) -> str:
    """The verdict in a few words. What lacks evidence is told from what is shown to be bad."""
    if decision.promote:
        return "Meets every minimum that could be tested" if decision.untested else "Meets every minimum"
    return "Below a minimum" if any(map(_below, decision.comparisons)) else "Not shown to meet every minimum"


def sentence(decision: Decision) -> str:
    """How many minimums are met, and the foremost of them: the worst that is not, else the one that is nearest."""
    tested = [c for c in decision.comparisons if c.passed is not None]
    failed = sorted((c for c in tested if not c.passed), key=lambda c: (not _below(c), -c.excess))
    untested = [_what(c) for c in decision.comparisons if c.passed is None]
    text = _failed(failed, len(tested)) if failed else _reached(tested)
    return f"{text} Not tested, for lack of rows: {joined(untested)}." if untested else text


def table(decision: Decision) -> Table:
    """A line for each minimum, which the lower end of the model's interval must reach."""
    lines = [
        [
            *table_cells(_what(c), f"{c.rows:,}", percent(1 - c.margin), ranged(_found(c))),
            TableCell(MARKS[c.passed][0], tone=MARKS[c.passed][1]),
            # What is said of a minimum that is reached begins with what its mark says already.
            TableCell(c.why.partition("; ")[2] if c.passed else c.why),
        ]
        for c in decision.comparisons
    ]
    head = ["balanced accuracy or recall", "rows", "minimum", "found", "", "why"]
    return Table("minimums", "Minimums, and where the model stands", head, lines, texts=(0, 4, 5))


def _reached(tested: list[Comparison]) -> str:
    if not tested:
        return "No minimum could be tested."
    nearest = max(tested, key=lambda c: c.excess)
    margin = f"its minimum {percent(1 - nearest.margin)}"
    return f"Each of {plural(len(tested), 'minimum')} is met. The nearest is that of {_named(nearest)}; {margin}."


def _failed(failed: list[Comparison], tested: int) -> str:
    first = failed[0]
    word = "below" if _below(first) else "not shown to reach"
    return (
        f"{len(failed):,} of {plural(tested, 'minimum')} not met. "
        f"The foremost is that of {_named(first)}: {word} its minimum {percent(1 - first.margin)}."
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
