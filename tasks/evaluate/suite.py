"""The model under every cell of the distortion suite and under the mix; no distorted picture is stored."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tasks.answers.answerer import Answerer
from tasks.answers.calibration import Answers
from tasks.distortions import suite
from tasks.distortions.kind import SEVERITIES
from tasks.feed import Source
from tasks.record import MIX

AHEAD = 4
"""Batches that are distorted while the network is at work."""
Change = Callable[[NDArray[np.uint8], Sequence[str]], NDArray[np.uint8]]


def cells(seed: int) -> dict[str, Change]:
    """Every cell of the suite, `kind/severity`, and the mix, by what it does to a batch of pictures with those ids."""

    def one(kind: str, severity: int) -> Change:
        return lambda pictures, ids: suite.distort(pictures, kind, severity, ids, seed)

    each = {f"{kind}/{s}": one(kind, s) for kind in suite.KINDS for s in range(1, SEVERITIES + 1)}
    return {**each, MIX: partial(suite.mix, seed=seed)}


def answers(
    answerer: Answerer,
    source: Source,
    places: NDArray[np.int64],
    ids: Sequence[str],
    change: Change | None,
    batch: int,
    views: int,
) -> Answers:
    """What the model says of the pictures at `places`, each under `change`, which runs ahead in threads."""

    def picture(start: int) -> NDArray[np.uint8]:
        taken = source.take(places[start : start + batch])
        return taken if change is None else change(taken, ids[start : start + batch])

    return answerer.over(_ahead(picture, range(0, len(places), batch)), views)


def _ahead(make: Callable[[int], NDArray[np.uint8]], starts: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    with ThreadPoolExecutor(2) as pool:
        waiting: deque[Future[NDArray[np.uint8]]] = deque()
        for start in starts:
            waiting.append(pool.submit(make, start))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
