"""Near copies: pairs of images of which one view has close perceptual hashes, in any orientation, confirmed on it.

The views are grey and of one size (`tasks.ingest.views`), so neither the size nor the colours of a copy matter.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import store
from tasks.dedupe import pairs
from tasks.dedupe.join import Matches

PAIRS = 1024
"""Pairs of views compared at a time."""
GAIN = (0.5, 2.0)
"""Factors of contrast that the comparison may take out; copies beyond them are taken for other images. Exchanged
channels change the contrast of a stained cell's grey image by up to 1.6."""
LEAST_CORRELATION = 0.96
"""Of the views of a pair: those of copies of real cells have at least 0.97, the most alike other cells 0.957."""

Take = Callable[[NDArray[np.int64]], NDArray[np.uint8]]
"""Gives the images, or the views, at positions, uint8 (n, height, width, ...)."""


def confirmed(matches: Matches, take: Take, max_rmse: float) -> pd.DataFrame:
    """The table of those `matches` whose views, the first one turned, differ by at most `max_rmse` grey levels."""
    found = pairs.table(**matches._asdict(), kind="near")
    measures = [_compared(part, take) for part in _chunks(found)]
    rmse, correlation = np.concatenate([np.zeros((2, 0)), *measures], axis=1)
    return found.assign(rmse=rmse)[(rmse <= max_rmse) & (correlation >= LEAST_CORRELATION)]


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Root mean square difference in grey levels and correlation, float64 (n,) each, of images (n, ...).

    For the difference `a` is first brought to the brightness and contrast of `b` that leave the least, the factor of
    contrast within GAIN. Of images without contrast the correlation is 0.
    """
    x, y = (_centred(images) for images in (a, b))
    xx, xy, yy = ((one * other).mean(1) for one, other in ((x, x), (x, y), (y, y)))
    gain = np.clip(xy / np.where(xx > 0, xx, 1), *GAIN)
    rmse = np.sqrt(np.square(x * gain[:, None] - y).mean(1))
    return rmse, xy / np.where(xx * yy > 0, np.sqrt(xx * yy), 1)


def _centred(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    values = images.reshape(len(images), -1).astype(np.float64)
    return values - values.mean(axis=1, keepdims=True)


def _compared(part: pd.DataFrame, take: Take) -> NDArray[np.float64]:
    first, second = take(part["first"].to_numpy()), take(part["second"].to_numpy())
    for orientation in part["orientation"].unique():
        here = (part["orientation"] == orientation).to_numpy()
        first[here] = store.turned(first[here], orientation)
    return np.stack(difference(first, second))


def _chunks(found: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(found), PAIRS):
        yield found.iloc[start : start + PAIRS]
