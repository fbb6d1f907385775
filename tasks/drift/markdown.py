"""Drift in words, for an operator in Prefect's UI: a sentence, then tables."""

from collections.abc import Sequence

from tasks.drift import bands
from tasks.drift.drift import Difference, Drift, News, Shift
from tasks.drift.news import FIELDS
from tasks.page.html import plural
from tasks.page.markdown import table

Line = list[str | int]
TITLES = {
    "class_shares": ("class shares", "population stability index"),
    "colour": ("colour", "largest difference, in standard deviations"),
    "embeddings": ("embeddings", "pairs of new and training image told apart"),
}
LEGEND = (
    f"Drift is told where a permutation test rejects at {bands.ALPHA} and the size is large enough: class shares from "
    f"{bands.SHARES.slight} (marked: {bands.SHARES.marked}), colour from {bands.COLOUR.slight} "
    f"({bands.COLOUR.marked}), embeddings from {bands.EMBEDDINGS.slight} ({bands.EMBEDDINGS.marked}). So many images "
    "give evidence from *shows from* on. Colour and embeddings are compared within each class, so another mix of "
    "classes is no drift of theirs."
)


def markdown(drift: Drift) -> str:
    """What came, what is new in it, and how it differs from the training set."""
    parts = [f"**{sentence(drift)}**", _deliveries(drift), _classes(drift)]
    if drift.displaced:
        parts.append(f"{plural(drift.displaced, 'image')} of other deliveries dropped for an image of these.")
    if any(shift.word for shift in _shifts(drift).values()):
        parts += [_measures(drift), *([_colours(drift.colours)] if drift.colours else []), LEGEND]
    return "\n\n".join(parts) + "\n"


def sentence(drift: Drift) -> str:
    """How many images are new, and each kind of drift in a few words."""
    new, came = (sum(getattr(entry, field) for entry in drift.news) for field in ("new", "came"))
    verb = "is" if new == 1 else "are"
    lines = [f"{new:,} of {plural(came, 'image')} {verb} new", *_descriptions(drift)]
    return "; ".join(lines) + "."


def _descriptions(drift: Drift) -> list[str]:
    shifts = _shifts(drift)
    whys = {shift.why for shift in shifts.values()}
    if len(whys) == 1 and "" not in whys:
        return [f"not compared: {whys.pop()}"]
    apart = f" ({100 * drift.embeddings.size:.0f} % of pairs told apart)" if drift.embeddings.size else ""
    return [
        _describe(drift.class_shares, "class shares", "class shares changed", ""),
        _describe(drift.colour, "colour", "colour shifted", _largest(drift.colours)),
        _describe(drift.embeddings, "embeddings", "embeddings shifted", apart),
    ]


def _describe(shift: Shift, noun: str, changed: str, detail: str) -> str:
    if not shift.word:
        return f"{noun} not compared ({shift.why})"
    if shift.word == bands.NONE:
        return f"{noun} as before"
    return f"{changed} {'markedly' if shift.word == bands.MARKED else 'slightly'}{detail}"


def _largest(colours: Sequence[Difference]) -> str:
    if not colours:
        return ""
    most = max(colours, key=lambda line: abs(line.size))
    return f" ({most.figure} {most.difference:+.1f} grey levels, {most.low:+.1f} to {most.high:+.1f})"


def _shifts(drift: Drift) -> dict[str, Shift]:
    return {name: getattr(drift, name) for name in TITLES}


def _deliveries(drift: Drift) -> str:
    groups = {name: [entry for entry in drift.news if entry.delivery == name] for name in drift.names}
    fields = _fields(drift.news)
    lines: list[Line] = [[name, *_added(entries, fields)] for name, entries in groups.items()]
    total: Line = ["all", *_added(drift.news, fields)]
    return table(["delivery", *fields], [*lines, total] if len(lines) > 1 else lines, [0])


def _classes(drift: Drift) -> str:
    """By class what came, and the shares that are compared."""
    sides = {share.label: (share.new, share.training) for share in drift.shares}
    whole = [sum(side) for side in zip(*sides.values(), strict=True)] or [0, 0]
    fields = _fields(drift.news)
    lines: list[Line] = []
    for label in sorted(sides.keys() | {entry.label for entry in drift.news}):
        counts = _added([entry for entry in drift.news if entry.label == label], fields)
        shares = [_percent(part, all_) for part, all_ in zip(sides.get(label, (0, 0)), whole, strict=True)]
        lines.append([label or "none", *counts, *shares])
    total: Line = ["all", *_added(drift.news, fields), *(_percent(count, count) for count in whole)]
    return table(["class", *fields, "share of new", "of training"], [*lines, total], [0])


def _fields(news: Sequence[News]) -> list[str]:
    """What came and what is new, and of the other fates those that there are."""
    return ["came", "new", *(field for field in FIELDS[1:] if any(getattr(entry, field) for entry in news))]


def _added(news: Sequence[News], fields: Sequence[str]) -> list[int]:
    return [sum(getattr(entry, field) for entry in news) for field in fields]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def _measures(drift: Drift) -> str:
    head = ["drift", "", "measured as", "size", "shows from", "p", "new", "training"]
    return table(head, [_measure(*TITLES[name], shift) for name, shift in _shifts(drift).items()], [0, 1, 2])


def _measure(title: str, unit: str, shift: Shift) -> Line:
    if shift.size is None or shift.p is None or shift.shows_from is None:
        return [title, "not compared", shift.why, "", "", "", shift.new, shift.training]
    figures = [f"{shift.size:.3f}", f"{shift.shows_from:.3f}", f"{shift.p:.2g}"]
    return [title, shift.word, unit, *figures, shift.new, shift.training]


def _colours(colours: Sequence[Difference]) -> str:
    lines = [
        (line.figure, f"{line.difference:+.1f}", f"{line.low:+.1f} to {line.high:+.1f}", f"{line.size:+.2f}")
        for line in colours
    ]
    return table(["colour, grey levels", "new less training", "95 % interval", "standard deviations"], lines, [0])
