"""Bit depth: how values of more than 8 bits, or with a fraction, become grey levels from 0 to 255.

A file of 16 bits rarely says how many of them its camera filled, so the depth is found over a whole delivery: its
images are scaled alike, and a dark one stays dark. `level` measures an image, `find` tells the depth of all of them,
`to_uint8` scales. The background of a smear is bright, so the brightest pixels of most images reach the upper end.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

UNIT: Literal["0..1"] = "0..1"
"""The depth of values that are shares of full brightness."""
Depth = int | Literal["0..1"]
"""Bits of which the values make use, 8 to 32, or UNIT."""
USUAL = (8, 10, 12, 14, 16, 32)
"""Depths that are told by the values alone; others have to be stated."""

QUANTILES = (0.001, 0.999)
"""Darkest and brightest values by which an image is judged: single hot or dead pixels say nothing."""
SAMPLE = 1 << 20
"""Values of an image that are looked at, at most, and that are scaled at once."""
OVERSHOOT = 1.05
"""How far a resize may carry values past their range, as a factor of it."""
DARK = 16
"""Part of its range that the brightest image must reach, one by this, or nothing tells that range."""
EXCEPTIONS = 4
"""At most one image in so many may need less than the depth of all; of three or more images, one always may."""
HELP = f"state it with --depth, 8 to 32 bits or {UNIT}"


class Level(NamedTuple):
    """The values of one image: `low` and `high` are their QUANTILES, `stated` the bits that its header states."""

    low: float
    high: float
    fractions: bool
    bits: int  # of a value as stored
    stated: int | None = None


def level(values: NDArray[Any], stated: int | None = None) -> Level:
    """Measure the values of one image, integers or floats of any shape. Raises ValueError for NaN and infinity."""
    check_numbers(values)
    flat = values.reshape(-1)
    low, high = np.quantile(flat[:: max(1, len(flat) // SAMPLE)].astype(np.float64), QUANTILES)
    return Level(float(low), float(high), values.dtype.kind == "f", values.dtype.itemsize * 8, stated)


def find(levels: Sequence[Level]) -> Depth:
    """The depth of images that belong together, at least one. Raises ValueError where it cannot be told.

    The header's word counts where all state the same depth and no image exceeds it; else the least of UNIT (floats
    alone) and USUAL that holds the brightest image, unless more than a quarter of the images would do with less.
    """
    if len({one.fractions for one in levels}) > 1:
        raise ValueError("some hold whole numbers and some fractions: deliver them apart")
    low, high = min(one.low for one in levels), max(one.high for one in levels)
    stated = {one.stated for one in levels}
    if len(stated) == 1 and (bits := stated.pop()) and low >= 0 and high <= _white(bits):
        return bits
    needed = [_least(one) for one in levels]
    depth = max(needed, key=_white)
    if low < -(OVERSHOOT - 1) * _white(depth):
        raise ValueError(f"their values go down to {low:g}, expected none below 0: {HELP}")
    if high < _white(depth) / DARK:
        raise ValueError(f"no image is brighter than {high:g}, which tells no depth: {HELP}")
    if len(needed) - needed.count(depth) > max(len(needed) >= 3, len(needed) // EXCEPTIONS):
        raise ValueError(f"{_spread(levels, needed)}, expected one depth in a delivery: {HELP}, or deliver them apart")
    return depth


def check_numbers(values: NDArray[Any]) -> None:
    """Raise ValueError for NaN and infinity, which no depth makes a pixel of."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError("holds values that are no numbers (NaN or infinity)")


def check(depth: Depth, levels: Sequence[Level]) -> None:
    """Raise ValueError for a depth under which most of these images would come out white or black."""
    high = float(np.median([one.high for one in levels]))
    if not _white(depth) / 256 <= high <= OVERSHOOT * _white(depth):
        colour = "white" if high > _white(depth) else "black"
        raise ValueError(
            f"depth {depth} makes most of them {colour}: half reach {high:g}, where it ends at {_white(depth):g}"
        )


def to_uint8(values: NDArray[Any], depth: Depth) -> NDArray[np.uint8]:
    """The values as uint8, of the same shape; what lies outside of the depth's range becomes 0 or 255.

    The low bits go, so that 8 bits which were scaled to more, by 2 to the power of n or up to full range, come back.
    """
    scaled = np.empty(values.shape, np.uint8)
    flat, out = values.reshape(-1), scaled.reshape(-1)
    for start in range(0, len(flat), SAMPLE):  # in parts: each step takes eight times the memory of the result
        out[start : start + SAMPLE] = _scaled(flat[start : start + SAMPLE], depth)
    return scaled


def parse(text: str) -> Depth:
    """A depth as a person writes it. Raises ValueError for another."""
    if text == UNIT:
        return UNIT
    if not text.isdecimal() or not 8 <= int(text) <= 32:
        raise ValueError(f"depth: expected 8 to 32 bits or {UNIT}, got {text!r}")
    return int(text)


def told(depth: Depth, levels: Sequence[Level]) -> str:
    """For a person: `12-bit in 16-bit, scaled by 1/16`."""
    bits = max(one.bits for one in levels)
    form = f"{bits}-bit floating point" if levels[0].fractions else f"{bits}-bit"
    if depth == UNIT:
        return f"{UNIT} in {form}, scaled by 255"
    factor = "as they are" if depth == 8 else f"scaled by 1/{2 ** (depth - 8)}"
    return f"{f'{depth}-bit' if not levels[0].fractions and depth == bits else f'{depth}-bit in {form}'}, {factor}"


def _scaled(values: NDArray[Any], depth: Depth) -> NDArray[np.uint8]:
    if depth == UNIT:
        return np.clip(np.rint(values * 255.0), 0, 255).astype(np.uint8)
    whole = np.rint(values.astype(np.float64)) if values.dtype.kind == "f" else values
    return (np.clip(whole, 0, _white(depth)).astype(np.uint64) >> np.uint64(depth - 8)).astype(np.uint8)


def _white(depth: Depth) -> float:
    return 1.0 if depth == UNIT else 2.0**depth - 1


def _least(one: Level) -> Depth:
    candidates: tuple[Depth, ...] = (UNIT, *USUAL) if one.fractions else USUAL
    reach = {depth: _white(depth) * (OVERSHOOT if one.fractions else 1) for depth in candidates}
    return next((depth for depth in candidates if one.high <= reach[depth]), candidates[-1])


def _spread(levels: Sequence[Level], needed: Sequence[Depth]) -> str:
    """`30 reach 4080 and 18 reach 65535`."""
    pairs = list(zip(levels, needed, strict=True))
    reach = {depth: max(one.high for one, least in pairs if least == depth) for depth in needed}
    counts = Counter(needed)
    return " and ".join(f"{counts[depth]} reach {reach[depth]:g}" for depth in sorted(reach, key=_white))
