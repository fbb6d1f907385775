"""The model under each corruption of the benchmark and under mixed corruptions; nothing corrupted is stored."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tasks.corruptions import benchmark
from tasks.corruptions.kind import SEVERITIES
from tasks.predictions import MIXED
from tasks.selective.calibration import SelectivePrediction
from tasks.selective.selective_classifier import SelectiveClassifier
from tasks.store import Arrays

AHEAD = 4
"""Batches that are corrupted while the network is at work."""
Change = Callable[[NDArray[np.uint8], Sequence[str]], NDArray[np.uint8]]


def corruptions(seed: int) -> dict[str, Change]:
    """Each corruption, `kind/severity`, and mixed corruptions, as functions of images and their ids."""

    def one(kind: str, severity: int) -> Change:
        return lambda images, ids: benchmark.corrupt(images, kind, severity, ids, seed)

    each = {f"{kind}/{s}": one(kind, s) for kind in benchmark.KINDS for s in range(1, SEVERITIES + 1)}
    return {**each, MIXED: partial(benchmark.mixed, seed=seed)}


def predict(
    model: SelectiveClassifier,
    source: Arrays,
    places: NDArray[np.int64],
    ids: Sequence[str],
    change: Change | None,
    batch: int,
    tta: int,
) -> SelectivePrediction:
    """What the model says of the images at `places`, each under `change`, which runs ahead in threads."""

    def image(start: int) -> NDArray[np.uint8]:
        taken = source.take(places[start : start + batch])
        return taken if change is None else change(taken, ids[start : start + batch])

    return model.over(_ahead(image, range(0, len(places), batch)), tta)


def _ahead(make: Callable[[int], NDArray[np.uint8]], starts: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    with ThreadPoolExecutor(2) as pool:
        waiting: deque[Future[NDArray[np.uint8]]] = deque()
        for start in starts:
            waiting.append(pool.submit(make, start))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
