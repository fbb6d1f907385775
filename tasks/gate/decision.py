"""What the gate decided, and how it says so."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from tasks.gate.comparison import EXTERNAL, Comparison
from tasks.gate.errors import RECALL


@dataclass(frozen=True)
class Decision:
    """Whether the challenger takes the champion's place, with every comparison that this rests on.

    `level`, `resamples` and `seed` are those of the intervals; a `superiority` comparison has the level that makes all
    of these together one test. `new` are the classes that the challenger alone knows, `gone` those that the champion
    alone knows: the models are compared on the others.
    """

    promote: bool
    comparisons: tuple[Comparison, ...]
    level: float
    resamples: int
    seed: int
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def first(self) -> bool:
        """Whether there was no champion to compare with."""
        return bool(self.comparisons) and all(c.rule == "minimum" for c in self.comparisons)

    @property
    def untested(self) -> list[str]:
        """Classes without a test row, of which nothing is known."""
        return [c.slice for c in self.comparisons if c.name == RECALL and not c.rows]

    def sentence(self) -> str:
        """The decision and its foremost reason, and which classes and external deliveries took no part in it."""
        return self._reason() + self._apart()

    def _reason(self) -> str:
        if self.promote and self.first:
            return f"Promoted: the first model, above each of {len(self._tested('minimum'))} minimums"
        if self.promote:
            best = min(self._of("superiority"), key=lambda c: (not c.passed, c.excess))
            return f"Promoted: {_gain(best)}; not worse in any of {len(self._tested('non-inferiority'))} comparisons"
        kept = "Not promoted, and there is no champion" if self.first else "Kept the champion"
        failed = sorted((c for c in self.comparisons if c.passed is False and c.rule != "superiority"), key=_gravity)
        if not failed:
            return f"{kept}: better nowhere that counts: {'; '.join(map(_no_gain, self._of('superiority')))}"
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        return f"{kept}: {_failure(failed[0])}{more}"

    def _apart(self) -> str:
        """What is to be said of classes and external deliveries that took no part in it."""
        only = {"the challenger": self.new, "the champion": self.gone}
        known = [f"only {who} knows {', '.join(names)}" for who, names in only.items() if names]
        parts = [f"compared on the classes that both know ({', '.join(known)})"] if known else []
        parts += [f"untested, without a test row: {', '.join(self.untested)}"] if self.untested else []
        small = [f"{c.slice} ({c.why})" for c in self.comparisons if c.name == EXTERNAL and c.passed is None]
        parts += [f"not tested on external deliveries: {', '.join(small)}"] if small else []
        return "".join(f"; {part}" for part in parts)

    def table(self) -> pd.DataFrame:
        """A row for each comparison, the columns its fields; nothing is NaN where there is no figure but None."""
        return pd.DataFrame([asdict(c) for c in self.comparisons], dtype=object)

    def markdown(self) -> str:
        """The sentence, and a table of all comparisons with their errors."""
        head = ("rule", "error on", "rows", "champion", "challenger", "difference", "interval", "margin", "", "why")
        lines = [_line(head), _line(["---"] * 2 + ["---:"] * 6 + ["---"] * 2), *map(_row, self.comparisons)]
        ending = f"Intervals: bootstrap over split groups, {self.resamples} draws, seed {self.seed}, {self.level:.1%}"
        return "\n".join(
            [f"{self.sentence()}.", "", *lines, "", f"{ending} (`superiority`: all of them together).", ""]
        )

    def question(self) -> str:
        """The same, as narrow as the dialog in which Prefect's UI asks a person: the errors and what became of each."""
        head = [_line(("error on", "champion", "challenger", "")), _line(["---", "---:", "---:", "---"])]
        return "\n".join([f"{self.sentence()}.", "", *head, *map(_narrow, self.comparisons), ""])

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold, complete; the sentence is in it for who reads the file."""
        facts = {name: getattr(self, name) for name in ("level", "resamples", "seed")}
        facts |= {"new": list(self.new), "gone": list(self.gone)}
        comparisons = [asdict(c) for c in self.comparisons]
        return {"promote": self.promote, "sentence": self.sentence(), **facts, "comparisons": comparisons}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Decision":
        """The decision that was written so. Raises ValueError where it lacks something or has more."""
        try:
            facts = {name: value for name, value in values.items() if name not in ("sentence", "comparisons")}
            facts |= {name: tuple(facts.get(name, ())) for name in ("new", "gone")}  # older ones have neither
            return cls(comparisons=tuple(Comparison(**c) for c in values["comparisons"]), **facts)
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no decision of the gate: {error}") from error

    def _of(self, rule: str) -> list[Comparison]:
        return [c for c in self.comparisons if c.rule == rule]

    def _tested(self, rule: str) -> list[Comparison]:
        return [c for c in self._of(rule) if c.passed is not None]


def _gravity(comparison: Comparison) -> tuple[bool, float]:
    """What is shown to be worse comes before what is not shown to be as good, the greatest excess first."""
    return not _shown(comparison), -comparison.excess


def _shown(c: Comparison) -> bool:
    return c.low is not None and c.low > (c.margin if c.rule == "minimum" else 0)


def _failure(c: Comparison) -> str:
    if c.rule == "minimum":
        what = c.title if c.name == RECALL else f"balanced accuracy on {c.title}"
        right, low, high = (None if value is None else 1 - value for value in (c.challenger, c.high, c.low))
        return f"{what} is {_figure(right)} ({_figure(low)} to {_figure(high)}), its minimum {1 - c.margin:.4g}"
    if _shown(c):
        return f"worse on {c.title} by {_signed(c)}, margin {c.margin:.4g}"
    return f"not shown to be as good on {c.title}: worse by {_signed(c)}, margin {c.margin:.4g}"


def _gain(c: Comparison) -> str:
    if c.name == RECALL:
        right, low, high = (None if value is None else -value for value in (c.difference, c.high, c.low))
        return f"knows {c.slice}, recall {_figure(right)} ({_figure(low)} to {_figure(high)})"
    return f"better on {c.title} by {_turned(c)}, margin {c.margin:.4g}"


def _no_gain(c: Comparison) -> str:
    return f"{c.title} by {_turned(c)}, margin {c.margin:.4g}"


def _signed(c: Comparison) -> str:
    return f"{_figure(c.difference)} ({_figure(c.low)} to {_figure(c.high)})"


def _turned(c: Comparison) -> str:
    """The difference as a gain."""
    difference, low, high = (None if value is None else -value for value in (c.difference, c.low, c.high))
    return f"{_figure(difference)} ({_figure(high)} to {_figure(low)})"


def _row(c: Comparison) -> str:
    interval = "" if c.low is None else f"{_figure(c.low)} to {_figure(c.high)}"
    mark = {True: "passed", False: _failed(c, "no"), None: "not tested"}[c.passed]
    errors = [_figure(value) for value in (c.champion, c.challenger, c.difference)]
    return _line([c.rule, c.title, str(c.rows), *errors, interval, f"{c.margin:.4g}", mark, c.why])


def _narrow(c: Comparison) -> str:
    passed = "better" if c.rule == "superiority" else "passed"
    mark = {True: passed, False: _failed(c, "not better"), None: "not tested"}[c.passed]
    return _line([c.title, _figure(c.champion), _figure(c.challenger), mark])


def _failed(c: Comparison, superiority: str) -> str:
    return superiority if c.rule == "superiority" else "**failed**"


def _figure(value: float | None) -> str:
    """Three decimals, no minus before a zero."""
    return "" if value is None else f"{round(value, 3) + 0.0:.3f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
