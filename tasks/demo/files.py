"""The files of the drawn delivery: what each holds, what it is called, and the table that tells the truth about it."""

import io
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
from PIL import Image

from tasks.delivery.folders import written
from tasks.demo import cells, smear
from tasks.params import Classes

PREVALENCE = {
    "basophil": 852,
    "eosinophil": 2181,
    "erythroblast": 1085,
    "ig": 2026,
    "lymphocyte": 849,
    "monocyte": 993,
    "neutrophil": 2330,
    "platelet": 1643,
}
"""Cells of each kind in the real dataset that the demo stands in for (Acevedo et al. 2020, Data in Brief 30:105474)."""

AT_LEAST = 2
"""Cells of each kind, however few are drawn in all: a class of one can be neither split nor copied."""

BLUISH_EVERY = 38
"""One cell in so many comes from the second laboratory: 2.6 %, as in that dataset."""

POOL_FROM = 200
"""Images from which on worker processes are worth their start."""

TRUTH = ("source", "label", "kind", "of", "acquisition_batch")


class File(NamedTuple):
    """A file of the delivery; `of` is the position, in the list of all files, of the one that it copies."""

    label: str
    content: bytes
    kind: str
    acquisition_batch: str
    of: int | None = None


def folders(classes: Classes) -> dict[str, str]:
    """The class folder of each kind of cell. Raises ValueError where `classes` has no class of its own for one."""
    found = {kind: classes.canonical(kind) for kind in PREVALENCE}
    for kind, label in found.items():
        if label is None:
            raise ValueError(f"classes: the demo draws a class {kind}, got {', '.join(classes.names)}")
        shared = [other for other in found if found[other] == label]
        if len(shared) > 1:
            raise ValueError(f"classes: the demo draws {' and '.join(shared)} apart, got both in {label}")
    return {kind: label for kind, label in found.items() if label is not None}


def share(total: int) -> dict[str, int]:
    """`total` cells shared over the kinds by PREVALENCE (largest remainders), no kind below AT_LEAST."""
    if total < AT_LEAST * len(PREVALENCE):
        raise ValueError(f"a delivery needs {AT_LEAST} cells of each of {len(PREVALENCE)} kinds, got {total} in all")
    spare = total - AT_LEAST * len(PREVALENCE)
    exact = {kind: spare * count / sum(PREVALENCE.values()) for kind, count in PREVALENCE.items()}
    counts = {kind: AT_LEAST + int(part) for kind, part in exact.items()}
    by_remainder = sorted(exact, key=lambda kind: int(exact[kind]) - exact[kind])
    for kind in by_remainder[: total - sum(counts.values())]:
        counts[kind] += 1
    return counts


def draw(seed: int, total: int, folder: dict[str, str]) -> list[File]:
    """`total` cells, each a file, kind after kind; the same bytes whatever the number of processes that draw."""
    kinds = [kind for kind, count in share(total).items() for _ in range(count)]
    jobs = [(seed, index, kind) for index, kind in enumerate(kinds)]
    return [
        File(folder[kind], content, "cell", _acquisition_batch(index).name)
        for (_, index, kind), content in zip(jobs, _mapped(jobs), strict=True)
    ]


def cell(job: tuple[int, int, str]) -> bytes:
    """The PNG of one cell, from the seed, its index and its kind and nothing else."""
    seed, index, kind = job
    rng = np.random.default_rng([seed, index])
    return png(smear.photograph(rng, cells.DRAW[kind](rng), _acquisition_batch(index)))


def png(pixels: smear.Pixels) -> bytes:
    """`pixels` as a PNG file, lossless; packed lightly, for speed."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def names(seed: int, files: list[File]) -> list[str]:
    """Paths below the delivery, `class/number.png`, numbered after a shuffle so that names tell nothing."""
    numbers = np.random.default_rng([seed, len(files)]).permutation(len(files))
    return [f"{written(file.label)}/{number:06d}.png" for file, number in zip(files, numbers, strict=True)]


def truth(files: list[File], sources: list[str]) -> list[dict[str, str]]:
    """A row per file with the columns TRUTH, by source; `of` is empty where a file copies none."""
    rows = [
        dict(
            zip(TRUTH, (source, file.label, file.kind, _source(sources, file.of), file.acquisition_batch), strict=True)
        )
        for file, source in zip(files, sources, strict=True)
    ]
    return sorted(rows, key=lambda row: row["source"])


def _source(sources: list[str], of: int | None) -> str:
    return "" if of is None else sources[of]


def _acquisition_batch(index: int) -> smear.AcquisitionBatch:
    return smear.BLUISH if index % BLUISH_EVERY == BLUISH_EVERY // 2 else smear.MAIN


def _mapped(jobs: list[tuple[int, int, str]]) -> Iterable[bytes]:
    """`cell` of each job. Workers are spawned: a fork of a process with threads, as TensorFlow's, can hang."""
    workers = min(os.cpu_count() or 1, len(jobs) // POOL_FROM + 1)
    if workers == 1:
        return map(cell, jobs)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(cell, jobs, chunksize=25))
