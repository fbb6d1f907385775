"""What a model answers to corrupted images, and the figures of it."""

import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.model_selection import train_test_split
from tqdm import tqdm

from benchmarks.published.environment import Published
from tasks.corruptions import benchmark
from tasks.evaluate import metrics
from tasks.splits import Part
from tasks.store import Arrays

CLEAN, MEDMNISTC, OWN, IMAGENET_C = "clean", "medmnistc", "own", "imagecorruptions"
SEVERITIES = {MEDMNISTC: (1, 2, 3, 4, 5), OWN: (1, 2, 3, 4, 5), IMAGENET_C: (1, 3, 5)}
NAMES = {"jpeg": "jpeg_compression", "saturation": "saturate"}
"""medmnistc's names of our own kinds, where they differ."""
BATCH = 64

Images = NDArray[np.uint8]
Answer = Callable[[Images], NDArray[np.int64]]
"""From images at the model's side to the classes that it answers."""
Figures = dict[str, Any]


class Corruption(NamedTuple):
    """Whose code, which kind, how strong; CLEAN has neither kind nor severity."""

    by: str
    kind: str = ""
    severity: int = 0


class Question(NamedTuple):
    """The rows that a model is asked about, the side at which they are corrupted, and the side that it takes."""

    source: Arrays
    part: Part
    size: int
    side: int
    seed: int
    sets: Sequence[str] = tuple(SEVERITIES)


def sample(part: Part, rows: int | None, seed: int) -> Part:
    """That many of the rows, each class by its share; all without a number. Raises ValueError where it cannot be."""
    if rows is None or rows == len(part):
        return part
    if not 0 < rows < len(part):
        raise ValueError(f"rows must be 1 to {len(part)}, the test rows there are, got {rows}")
    chosen, _ = train_test_split(np.arange(len(part)), train_size=rows, stratify=part.labels, random_state=seed)
    return part.at(np.sort(chosen))


def resized(images: Images, side: int) -> Images:
    """Bicubic, as deliveries are read; the images themselves where they have that side."""
    if images.shape[1] == side:
        return images
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BICUBIC)) for one in images])


def corruptions(kinds: dict[str, list[str]], sets: Sequence[str]) -> list[Corruption]:
    """All that a model is asked under, from the kinds of each package and the sets that are wanted."""
    every = {**kinds, OWN: list(benchmark.KINDS)}
    found = [Corruption(by, kind, s) for by in sets for kind in every[by] for s in SEVERITIES[by]]
    return [Corruption(CLEAN), *found]


def ask(question: Question, answer: Answer, venv: Path, processes: int) -> dict[Corruption, NDArray[np.int64]]:
    """The classes answered under each corruption, int64 (n,); only a batch a process is in memory at a time."""
    starts = range(0, len(question.part), BATCH)
    with ExitStack() as stack:
        free: queue.Queue[Published] = queue.Queue()
        for _ in range(processes):
            free.put(stack.enter_context(Published(venv)))
        every = corruptions(free.queue[0].kinds, question.sets)

        def batch(start: int) -> list[NDArray[np.int64]]:
            published = free.get()
            try:
                return list(_answers(question, start, every, answer, published))
            finally:
                free.put(published)

        pool = stack.enter_context(ThreadPoolExecutor(processes))
        parts = list(tqdm(pool.map(batch, starts), total=len(starts), desc=f"batches of {BATCH}", disable=None))
    return {one: np.concatenate(answered) for one, answered in zip(every, zip(*parts, strict=True), strict=True)}


def _answers(
    question: Question, start: int, every: Sequence[Corruption], answer: Answer, published: Published
) -> Iterator[NDArray[np.int64]]:
    images = resized(question.source.take(question.part.places[start : start + BATCH]), question.size)
    ids = question.part.ids[start : start + BATCH]
    for one in every:
        yield answer(resized(_corrupted(one, images, ids, question.seed, published), question.side))


def _corrupted(one: Corruption, images: Images, ids: Sequence[str], seed: int, published: Published) -> Images:
    if one.by == CLEAN:
        return images
    if one.by == OWN:
        return benchmark.corrupt(images, one.kind, one.severity, ids, seed)
    return published.corrupt(one.by, one.kind, one.severity, images, ids, seed)


def figures(truth: NDArray[np.int64], answered: dict[Corruption, NDArray[np.int64]]) -> Figures:
    """Of clean images and of each set: means over kinds, each the mean over its severities.

    The balanced error is that of MedMNIST-C (arXiv:2406.17536), 1 - the mean recall of the classes, not divided by
    AlexNet's.
    """
    single = {one: _single(truth, predicted) for one, predicted in answered.items()}
    found: Figures = {CLEAN: single[Corruption(CLEAN)]}
    for by in dict.fromkeys(one.by for one in single if one.by != CLEAN):
        kinds: dict[str, Figures] = {}
        for one in (one for one in single if one.by == by):
            kind = kinds.setdefault(NAMES.get(one.kind, one.kind), {"severities": {}})
            kind["severities"][str(one.severity)] = single[one]
        kinds = {name: {**_mean(kind["severities"]), **kind} for name, kind in kinds.items()}
        found[by] = {**_mean(kinds), "kinds": kinds}
    return found


def _single(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> Figures:
    balanced_error = 1 - metrics.balanced_accuracy(truth, predicted)
    return {"balanced_error": balanced_error, "accuracy": float((truth == predicted).mean())}


def _mean(parts: dict[str, Figures]) -> Figures:
    return {key: float(np.mean([one[key] for one in parts.values()])) for key in ("balanced_error", "accuracy")}
