"""Line charts and interval bars as SVG inside the page, coloured by its style sheet: light, dark and in print."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tasks.model_report.formatting import Figure

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 68, 74, 14, 44
APART = 15
"""Least distance of two labels, pixels."""

BAR_WIDTH, BAR_HEIGHT, BAR_EDGE = 150, 16, 4
NICE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Ends of a share's axis."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A curve through `points` in the axes' units; `sizes` draws dots of these radii, `mark` a ring with its text."""

    name: str
    points: Sequence[Point]
    sizes: Sequence[float] = ()
    mark: Point | None = None


@dataclass(frozen=True)
class Axes:
    """What a chart's axes show, both as percentages from `low` to `high`."""

    x_label: str
    y_label: str
    x: Point = (0.0, 1.0)
    y: Point = (0.0, 1.0)
    diagonal: bool = False

    def place(self, point: Point) -> Point:
        """Pixels of a point; one outside stands at the edge."""
        across, up = ((min(max(value, low), high) - low) / (high - low)
                      for value, (low, high) in zip(point, (self.x, self.y), strict=True))  # fmt: skip
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)


def nice(largest: float) -> float:
    """The end of an axis that holds a share, at most 1."""
    return next((end for end in NICE if largest <= end), 1.0)


def chart(title: str, axes: Axes, lines: Sequence[Line]) -> Markup:
    """A chart with a label at the end of each line."""
    drawn = Markup().join(_line(k, line, axes) for k, line in enumerate(lines))
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-label="{title}"><title>{title}</title>'
        "{grid}{drawn}{names}</svg>"
    ).format(w=WIDTH, h=HEIGHT, title=title, grid=_grid(axes), drawn=drawn, names=_names(axes, lines))


def bars(found: Sequence[Figure | None], reference: Figure | None) -> list[Markup]:
    """An interval bar of each figure, all on one scale that ends at 1; `reference` is a line through all."""
    known = [one for one in found if one]
    ends = [one.low if one.low is not None else one.value for one in known] + ([reference.value] if reference else [])
    low = max(0.0, min(ends, default=0.0) - 0.02)

    def x(value: float) -> str:
        return f"{BAR_EDGE + (value - low) / (1 - low or 1) * (BAR_WIDTH - 2 * BAR_EDGE):.1f}"

    return [_bar(one, reference, x) if one else Markup('<svg class="bar"></svg>') for one in found]


def _bar(one: Figure, reference: Figure | None, x: Callable[[float], str]) -> Markup:
    middle, parts = BAR_HEIGHT / 2, []
    if reference:
        parts.append(_element("line", "whole", x1=x(reference.value), x2=x(reference.value), y1=0, y2=BAR_HEIGHT))
    if one.low is not None and one.high is not None:
        parts.append(_element("line", "span", x1=x(one.low), x2=x(one.high), y1=middle, y2=middle))
    apart = reference is not None and one.high is not None and one.high < reference.value
    parts.append(_element("circle", "below" if apart else "", cx=x(one.value), cy=middle, r=3.5))
    frame = Markup('<svg class="bar" viewBox="0 0 {w} {h}" width="{w}" height="{h}" aria-hidden="true">{inner}</svg>')
    return frame.format(w=BAR_WIDTH, h=BAR_HEIGHT, inner=Markup().join(parts))


def _element(tag: str, kind: str, text: str = "", **attributes: object) -> Markup:
    inside = Markup(" ").join(Markup('{}="{}"').format(name, value) for name, value in attributes.items())
    return Markup('<{0} class="{1}" {2}>{3}</{0}>').format(Markup(tag), kind, inside, text)


def _text(kind: str, at: Point, text: str) -> Markup:
    return _element("text", kind, text, x=f"{at[0]:.1f}", y=f"{at[1]:.1f}")


def _grid(axes: Axes) -> Markup:
    parts = []
    for k in range(5):
        x, y = (low + k / 4 * (high - low) for low, high in (axes.x, axes.y))
        (left, up), (across, floor) = axes.place((axes.x[0], y)), axes.place((x, axes.y[0]))
        parts.append(_element("line", "grid", x1=left, x2=WIDTH - RIGHT, y1=f"{up:.1f}", y2=f"{up:.1f}"))
        parts.append(_text("tick end", (left - 8, up + 4), _tick(y, axes.y)))
        parts.append(_text("tick middle", (across, floor + 18), _tick(x, axes.x)))
    if axes.diagonal:
        (x1, y1), (x2, y2) = axes.place((0, 0)), axes.place((1, 1))
        parts.append(_element("line", "diagonal", x1=x1, x2=x2, y1=y1, y2=y2))
    parts.append(_text("axis middle", ((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6), axes.x_label))
    turned = f"rotate(-90) translate({-(TOP + HEIGHT - BOTTOM) / 2:.0f} 13)"
    return Markup().join([*parts, _element("text", "axis middle", axes.y_label, transform=turned)])


def _tick(value: float, ends: Point) -> str:
    step = 100 * (ends[1] - ends[0]) / 4
    return f"{100 * value:.{0 if step % 1 == 0 else 1 if (10 * step) % 1 < 1e-6 else 2}f} %"


def _line(k: int, line: Line, axes: Axes) -> Markup:
    places = [axes.place(point) for point in line.points]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places) if places else ""
    parts = [_element("path", f"line tone{k}", d=path)]
    for (x, y), radius in zip(places, line.sizes, strict=False):
        parts.append(_element("circle", f"dot tone{k}", cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{radius:.1f}"))
    if line.mark:
        x, y = axes.place(line.mark)
        parts.append(_element("circle", f"ring tone{k}", cx=f"{x:.1f}", cy=f"{y:.1f}", r=6))
    return Markup().join(parts)


def _names(axes: Axes, lines: Sequence[Line]) -> Markup:
    """Names at the lines' ends, moved apart where they would lie over one another."""
    ends = sorted((axes.place(line.points[-1])[1], k) for k, line in enumerate(lines) if line.points)
    parts, last = [], float("-inf")
    for y, k in ends:
        last = max(y, last + APART)
        parts.append(_text(f"name tone{k}", (WIDTH - RIGHT + 8, last + 4), lines[k].name))
    return Markup().join(parts)


def thinned(points: Sequence[Point], most: int = 240) -> list[Point]:
    """At most `most` of the points, evenly taken, the first and the last among them."""
    step = max(1.0, (len(points) - 1) / (most - 1))
    return [points[round(k * step)] for k in range(min(len(points), most))]
