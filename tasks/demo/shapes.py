"""Shapes as signed distances on a square of SIDE pixels: negative inside, in pixels, so that edges come out smooth.

Arrays are float32 of shape (SIDE, SIDE). Only sums, products and square roots are taken of them: an image then does
not depend on which vector instructions a processor has for sines and exponentials.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SIDE = 96
"""Width and height of an image in pixels, some 0.2 micrometres each: a red cell measures 33 or so."""

Field = NDArray[np.float32]
_AXIS = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2


class Plane(NamedTuple):
    """Coordinates of every pixel, in pixels from a centre of its own."""

    x: Field
    y: Field


def noise(rng: np.random.Generator, period: float) -> Field:
    """Smooth random values of -1 to 1, whose bumps are `period` pixels apart (value noise)."""
    knots = int(SIDE / period) + 3
    grid = rng.uniform(-1, 1, (knots, knots)).astype(np.float32)
    for shift in rng.uniform(0, 1, 2):
        grid = _eased(grid, period, shift).T
    return grid


def _eased(grid: Field, period: float, shift: float) -> Field:
    """`grid`, its rows stretched to SIDE; between two rows the values ease from the one to the other."""
    place = np.arange(SIDE, dtype=np.float32) / np.float32(period) + np.float32(shift)
    row = place.astype(int)
    t = (place - row).astype(np.float32)[:, None]
    above, below = grid.take(row, 0), grid.take(row + 1, 0)
    return above + (below - above) * (t * t * (3 - 2 * t))


def plane(rng: np.random.Generator, x: float, y: float, wobble: float = 0.0) -> Plane:
    """Pixels seen from (x, y), turned by a random angle; `wobble` pixels of warp make outlines look grown."""
    turn = rng.uniform(0, 2 * math.pi)
    cos, sin = np.float32(math.cos(turn)), np.float32(math.sin(turn))
    dx, dy = (_AXIS - np.float32(x))[None, :], (_AXIS - np.float32(y))[:, None]
    across, along = dx * cos + dy * sin, dy * cos - dx * sin
    if wobble == 0:
        return Plane(across, along)
    size = np.float32(wobble)
    return Plane(across + size * noise(rng, 16), along + size * noise(rng, 16))


def ellipse(at: Plane, a: float, b: float, x: float = 0.0, y: float = 0.0) -> Field:
    """An ellipse of half axes `a` and `b` about (x, y); the distance is exact for a circle, near enough else."""
    u, v = (at.x - np.float32(x)) / np.float32(a), (at.y - np.float32(y)) / np.float32(b)
    return (np.sqrt(u * u + v * v) - 1) * np.float32(min(a, b))


def bridge(at: Plane, start: tuple[float, float], end: tuple[float, float], width: float) -> Field:
    """A rod of `width` pixels with round ends from `start` to `end`."""
    (x, y), (u, v) = start, (end[0] - start[0], end[1] - start[1])
    dx, dy = at.x - np.float32(x), at.y - np.float32(y)
    along = np.clip((dx * np.float32(u) + dy * np.float32(v)) / np.float32(u * u + v * v + 1e-6), 0, 1)
    dx, dy = dx - along * np.float32(u), dy - along * np.float32(v)
    return np.sqrt(dx * dx + dy * dy) - np.float32(width / 2)


def union(one: Field, other: Field, fillet: float) -> Field:
    """Both shapes, melted together where they come within `fillet` pixels (polynomial smooth minimum)."""
    near = np.maximum(np.float32(fillet) - np.abs(one - other), 0) / np.float32(fillet)
    return np.minimum(one, other) - near * near * np.float32(fillet / 4)


def cover(distance: Field, softness: float = 1.5) -> Field:
    """How much of each pixel a shape covers, 0 to 1, over an edge of `softness` pixels."""
    t = np.clip(np.float32(0.5) - distance / np.float32(softness), 0, 1)
    return t * t * (3 - 2 * t)


def grains(rng: np.random.Generator, spacing: float, radius: float, filled: float) -> Field:
    """Cover of scattered round grains: one in each square of `spacing` pixels with probability `filled`."""
    knots = int(SIDE / spacing) + 4
    x, y = (rng.uniform(0, 1, (knots, knots)).astype(np.float32) for _ in range(2))
    sizes = np.float32(radius) * rng.uniform(0.7, 1.3, (knots, knots)).astype(np.float32)
    sizes[rng.uniform(0, 1, (knots, knots)) >= filled] = -2 * spacing
    shift = rng.uniform(0, 1, 2)
    column, row = (np.arange(SIDE, dtype=np.float32) / np.float32(spacing) + np.float32(s) + 1 for s in shift)
    return cover(_nearest(x, y, sizes, column, row, np.float32(spacing)), 1.2)


def _nearest(x: Field, y: Field, sizes: Field, column: Field, row: Field, spacing: np.float32) -> Field:
    """Distance to the nearest of the grains at (i + x, j + y) * spacing, by the nine squares around each pixel."""
    i, j = column.astype(int), row.astype(int)
    across, along = (column - i).astype(np.float32)[None, :], (row - j).astype(np.float32)[:, None]
    best = np.full((SIDE, SIDE), SIDE, np.float32)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            square = (j + down)[:, None] * x.shape[1] + (i + right)[None, :]
            dx = (x + np.float32(right)).take(square) - across
            dy = (y + np.float32(down)).take(square) - along
            best = np.minimum(best, np.sqrt(dx * dx + dy * dy) * spacing - sizes.take(square))
    return best
