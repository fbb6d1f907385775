"""Figures as text: the same on the page, in the model card and in a run's summary."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

NOTHING = "–"
"""Stands where a figure is not known."""

Form = Callable[[float | None], str]


class Figure(NamedTuple):
    """A figure with the ends of its interval, None where it has none."""

    value: float
    low: float | None = None
    high: float | None = None

    def turned(self) -> "Figure":
        """1 less the figure: of an accuracy the error."""
        return Figure(1 - self.value, *(None if end is None else 1 - end for end in (self.high, self.low)))


def figure(found: Any) -> Figure | None:
    """A figure as figures.json has it: `{value, low, high}`, a number, or null; None where nothing is known."""
    if isinstance(found, Mapping):
        value, low, high = (_known(found.get(name)) for name in ("value", "low", "high"))
        return None if value is None else Figure(value, low, high)
    value = _known(found)
    return None if value is None else Figure(value)


def percent(share: float | None) -> str:
    """`12.3 %`; what rounds to none or to all and is not says so."""
    share = _known(share)
    if share is None:
        return NOTHING
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return "> 99.9 %" if 0.9995 <= share < 1 else f"{100 * share:.1f} %"


def plain(value: float | None) -> str:
    """`0.123`."""
    value = _known(value)
    return NOTHING if value is None else f"{value:.3f}"


def ranged(found: Figure | None, form: Form = percent) -> str:
    """A figure with its interval: `97.9 % (97.2 to 98.5)`."""
    return form(found.value if found else None) + (f" ({span(found, form)})" if found and span(found, form) else "")


def span(found: Figure | None, form: Form = percent) -> str:
    """The interval alone: `97.2 to 98.5`; empty where there is none."""
    if found is None or found.low is None or found.high is None:
        return ""
    low, high = (form(end).removesuffix(" %") for end in (found.low, found.high))
    return f"{low} to {high}"


def spoken(name: str) -> str:
    """A name of the program's as text: `zoom_blur` is `zoom blur`."""
    return name.replace("_", " ").replace("-", " ")


def joined(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _known(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and math.isfinite(value) else None
