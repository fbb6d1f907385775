"""The comparisons that a promotion rests on, made from resampled errors.

| rule | passes where | over |
| --- | --- | --- |
| non-inferiority | upper bound of the increase <= margin | all measures; not slices, external deliveries of few rows |
| superiority | upper bound of the increase < -margin | `clean`, `corrupted`, `mixed`, new classes; one is enough |
| minimum | upper bound of the error <= 1 - minimum | a first model's overall errors and classes; new classes |

New are classes that the champion does not know.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.gate.bootstrap import interval
from tasks.gate.comparison import EXTERNAL, Comparison, Rule
from tasks.gate.errors import CLEAN, CORRUPTED, RECALL, WORST, Measure
from tasks.gate.settings import Gate
from tasks.predictions import MIXED, SLICES

COUNTS = (CLEAN, CORRUPTED, MIXED)
"""Where a challenger may be better to take the champion's place."""

ROUNDING = 1e-9
"""An interval that ends on its margin, but for rounding, keeps it: 1 - 0.9 is less than 0.1."""


class Figures(NamedTuple):
    """Errors of both models in the order of `measures`; of the challenger alone, `champion` is None."""

    measures: tuple[Measure, ...]
    champion: NDArray[np.float64] | None
    """(measures,)"""
    challenger: NDArray[np.float64]
    """(measures,)"""
    resampled: NDArray[np.float64]
    """(draws, measures), of the challenger's error less the champion's; without a champion, of the error itself"""
    worst: tuple[str, ...]
    """kind of corruption that is worst for the challenger, then that for the champion"""

    @property
    def estimate(self) -> NDArray[np.float64]:
        """What `resampled` is resampled of, (measures,)."""
        return self.challenger if self.champion is None else self.challenger - self.champion


def non_inferiority(figures: Figures, rules: Gate) -> Iterator[Comparison]:
    """A comparison a measure."""
    for k, measure in enumerate(figures.measures):
        margin = getattr(rules.non_inferiority_margins, "slices" if measure.name in SLICES else measure.name)
        yield _at_most("non-inferiority", figures, k, margin, rules)


def minimums(figures: Figures, rules: Gate) -> Iterator[Comparison]:
    """A comparison for each measure that has a minimum."""
    for k, measure in enumerate(figures.measures):
        if measure.name not in SLICES:
            yield _at_most("minimum", figures, k, 1 - getattr(rules.minimums, measure.name), rules)


def superiority(figures: Figures, rules: Gate, newcomers: int = 0) -> Iterator[Comparison]:
    """A comparison for each of COUNTS, at a level that allows for their number and that of the new classes."""
    level = _of_union(rules, newcomers)
    for k, measure in enumerate(figures.measures):
        if measure.name in COUNTS:
            margin = getattr(rules.superiority_margins, measure.name)
            low, high = interval(figures.resampled[:, k], float(figures.estimate[k]), level)
            passed = high < -margin - ROUNDING
            why = f"the whole interval {'lies' if passed else 'does not lie'} beyond the margin"
            yield _comparison("superiority", figures, k, (low, high), margin, passed, why)


def newcomers(figures: Figures, names: Sequence[str], rules: Gate) -> Iterator[Comparison]:
    """For each class that the champion does not know the minimum of a first model, and superiority where it has rows.

    `figures` are the challenger's alone, over all its classes.
    """
    yield from (c for c in minimums(figures, rules) if c.name == RECALL and c.slice in names)
    always_wrong = np.ones_like(figures.challenger)
    against = figures._replace(champion=always_wrong, resampled=figures.resampled - 1)
    for k, measure in enumerate(figures.measures):
        if measure.name == RECALL and measure.slice in names and measure.groups:
            yield _known_better(against, k, _of_union(rules, len(names)), rules.superiority_margins.clean)


def unseen(groups: int, level: float) -> float:
    """The increase of a share that shows in none of so many independent rows with probability (1 - level) / 2.

    Where no row differs a bootstrap interval has no width, and this may be there nevertheless: the rule of three
    (Hanley and Lippman-Hand 1983, JAMA 249:1743), which at 97.5 % is about 3.7 / groups.
    """
    return float(1 - ((1 - level) / 2) ** (1 / groups))


def _of_union(rules: Gate, newcomers: int) -> float:
    return 1 - (1 - rules.level) / (len(COUNTS) + newcomers)


def _known_better(figures: Figures, k: int, level: float, margin: float) -> Comparison:
    low, high = interval(figures.resampled[:, k], float(figures.estimate[k]), level)
    high = max(high, unseen(figures.measures[k].groups, level) - 1)
    passed = high < -margin - ROUNDING
    why = "the champion does not know the class" + ("" if passed else ", nor is it shown that the challenger does")
    return _comparison("superiority", figures, k, (low, high), margin, passed, why)


def _at_most(rule: Rule, figures: Figures, k: int, margin: float, rules: Gate) -> Comparison:
    measure = figures.measures[k]
    least = {EXTERNAL: rules.min_external_rows, **dict.fromkeys(SLICES, rules.min_rows)}.get(measure.name, 1)
    if measure.groups < least:
        return _comparison(rule, figures, k, None, margin, None, _too_few(measure, least))
    low, high = interval(figures.resampled[:, k], float(figures.estimate[k]), rules.level)
    passed = high <= margin + ROUNDING
    why = _allowed(figures, k, margin, rules) if passed else _refused(rule, low, margin)
    return _comparison(rule, figures, k, (low, high), margin, passed, why)


def _comparison(
    rule: Rule,
    figures: Figures,
    k: int,
    bounds: tuple[float, float] | None,
    margin: float,
    passed: bool | None,
    why: str,
) -> Comparison:
    measure = figures.measures[k]
    part = figures.worst[0] if measure.name == WORST else measure.slice
    champion = None if figures.champion is None else _known(figures.champion[k])
    difference = None if figures.champion is None else _known(figures.estimate[k])
    low, high = bounds or (None, None)
    errors = (champion, _known(figures.challenger[k]), difference)
    return Comparison(rule, measure.name, part, measure.rows, *errors, low, high, margin, passed, why)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _too_few(measure: Measure, least: int) -> str:
    if not measure.rows:
        return "no test row"
    other = "" if measure.groups == measure.rows else f" in {measure.groups} split groups"
    return f"too few rows: {measure.rows}{other}, tested from {least} on"


def _refused(rule: Rule, low: float, margin: float) -> str:
    if rule == "minimum":
        return "below the minimum" if low > margin else "too little evidence that it reaches the minimum"
    return "worse" if low > 0 else "too little evidence that it is not worse"


def _allowed(figures: Figures, k: int, margin: float, rules: Gate) -> str:
    measure, text = figures.measures[k], "the whole interval lies within the margin"
    if measure.name == WORST and len(set(figures.worst)) > 1:
        return f"{text}; the champion's worst is {figures.worst[1]}"
    blind = unseen(measure.groups, rules.level)
    return text if blind <= margin or not measure.slice else f"{text}; so few rows may hide an error of {blind:.3f}"
