"""Near copies: pairs with close perceptual hashes, in any orientation, confirmed on their pixels."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import store
from tasks.dedupe import pairs
from tasks.dedupe.join import Matches

PAIRS = 128
"""Pairs of pictures compared at a time."""
GAIN = (0.8, 1.25)
"""Factors of brightness that the comparison may take out; copies beyond them are taken for other pictures."""

Take = Callable[[NDArray[np.int64]], NDArray[np.uint8]]
"""Gives the pictures at positions, uint8 (n, height, width, 3)."""


def confirmed(matches: Matches, take: Take, max_rmse: float) -> pd.DataFrame:
    """The table of those `matches` whose pictures, the first one turned, differ by at most `max_rmse` grey levels."""
    found = pairs.table(**matches._asdict(), kind="near")
    measures = [_compared(part, take) for part in _chunks(found)]
    found = found.assign(rmse=np.concatenate([np.zeros(0), *measures]))
    return found[found["rmse"] <= max_rmse]


def rmse(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Root mean square difference in grey levels, float64 (n,), of pictures (n, height, width, 3).

    `a` is first brought to the brightness of `b` by the factor that leaves the least difference, within GAIN.
    """
    x, y = (pictures.reshape(len(pictures), -1).astype(np.float64) for pictures in (a, b))
    gain = np.clip((x * y).sum(1) / np.maximum((x * x).sum(1), 1), *GAIN)
    return np.sqrt(np.square(x * gain[:, None] - y).mean(1))


def _compared(part: pd.DataFrame, take: Take) -> NDArray[np.float64]:
    first, second = take(part["first"].to_numpy()), take(part["second"].to_numpy())
    for orientation in part["orientation"].unique():
        here = (part["orientation"] == orientation).to_numpy()
        first[here] = store.turned(first[here], orientation)
    return rmse(first, second)


def _chunks(found: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(found), PAIRS):
        yield found.iloc[start : start + PAIRS]
