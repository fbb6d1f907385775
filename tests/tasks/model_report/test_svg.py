import re
from itertools import pairwise

import pytest

from tasks.model_report import svg
from tasks.model_report.formatting import Figure
from tasks.model_report.svg import Axes, Line

AXES = Axes("x", "y")


@pytest.mark.parametrize(("largest", "end"), [(0.0, 0.01), (0.01, 0.01), (0.03, 0.05), (0.51, 1.0), (2.0, 1.0)])
def test_the_end_of_an_axis(largest, end) -> None:
    assert svg.nice(largest) == end


def test_corners_of_the_axes() -> None:
    assert AXES.place((0, 0)) == (svg.LEFT, svg.HEIGHT - svg.BOTTOM)
    assert AXES.place((1, 1)) == (svg.WIDTH - svg.RIGHT, svg.TOP)
    assert AXES.place((1, 7)) == AXES.place((1, 1))


def test_names_do_not_lie_over_one_another() -> None:
    lines = [Line(name, [(0, 0), (1, 0.5)]) for name in "abc"]
    heights = sorted(
        float(y) for y in re.findall(r'class="name tone\d" x="[\d.]+" y="([\d.]+)"', svg.chart("t", AXES, lines))
    )
    assert len(heights) == 3
    assert all(below - above >= svg.APART for above, below in pairwise(heights))


def test_a_line_without_points_and_no_line() -> None:
    assert "tone0" in svg.chart("t", AXES, [Line("a", [])])
    assert svg.chart("t", AXES, []).endswith("</svg>")


def test_names_from_outside_stay_text() -> None:
    text = svg.chart("<b>", AXES, [Line("<script>", [(0, 0)])])
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "<b>" not in text


@pytest.mark.parametrize("count", [0, 1, 2, 239, 240, 241, 5000])
def test_thinned_keeps_the_ends(count) -> None:
    points = [(float(k), 0.0) for k in range(count)]
    kept = svg.thinned(points)
    assert len(kept) == min(count, 240)
    assert kept[:1] == points[:1]
    assert kept[-1:] == points[-1:]
    assert kept == sorted(set(kept))


def test_bars_share_a_scale_and_one_below_the_whole_is_marked() -> None:
    found = [Figure(0.9, 0.85, 0.95), None, Figure(0.7, 0.65, 0.75), Figure(0.8)]
    first, none, low, bare = svg.bars(found, Figure(0.85))
    x = [float(re.search(r'cx="([\d.]+)"', bar)[1]) for bar in (first, low, bare)]
    assert x[1] < x[2] < x[0]
    assert "circle" not in none
    assert 'class="below"' in low
    assert 'class="below"' not in first
    assert 'class="span"' not in bare


def test_bars_of_nothing_and_of_perfection() -> None:
    assert svg.bars([], None) == []
    assert "nan" not in svg.bars([Figure(1.0, 1.0, 1.0)], Figure(1.0))[0]
