"""From a measure and what chance makes of it to a shift."""

import numpy as np
from numpy.typing import NDArray

from tasks.drift.bands import ALPHA, LEAST, Bands
from tasks.drift.drift import Shift


def too_few(new: int, training: int, of: str = "") -> Shift | None:
    """Says why nothing can be compared, `of` being which images count; None where there are enough."""
    if min(new, training) >= LEAST:
        return None
    why = f"{new:,} new and {training:,} training images{of}, tested from {LEAST} of each on"
    if not of and not training:
        why = "no other delivery has a training image"
    if not of and not new:
        why = "no new image"
    return Shift("", new, training, why=why)


def shift(sizes: NDArray[np.float64], bands: Bands, new: int, training: int) -> Shift:
    """The first of `sizes` is the one that was measured, the others come of permutations.

    p counts the measured one among them (Phipson and Smyth 2010), so it is never 0 and the test is exact.
    A size below 0 is less than chance gives, and told as 0.
    """
    size, chance = float(sizes[0]), sizes[1:]
    p = float((1 + (chance >= size).sum()) / len(sizes))
    shows_from = max(float(np.quantile(chance, 1 - ALPHA, method="higher")), bands.slight)
    return Shift(bands.word(size, p), new, training, max(size, 0.0), p, shows_from)
