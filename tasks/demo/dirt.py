"""Plants the faults that real deliveries have, each noted: outliers, all sorts of copies, unreadable files."""

import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from tasks.demo import outliers
from tasks.demo.files import File, png
from tasks.demo.shapes import SIDE

PER_CELLS = 1600
"""Drawn cells that the figures of Amounts stand for."""


class Amounts(NamedTuple):
    """How often each fault is planted in PER_CELLS cells."""

    everywhere: int = 20
    """Copies of the first outlier in each class."""
    in_one: int = 20
    """Copies of the second outlier, all in one class."""
    exact: int = 12
    near: int = 12
    other_label: int = 4
    unreadable: int = 1


def amounts(cells: int) -> Amounts:
    """The faults for a delivery of `cells` cells: in proportion, and at least one of each."""
    return Amounts(*(max(1, round(amount * cells / PER_CELLS)) for amount in Amounts()))


def plant(seed: int, cells: list[File], crowded: str) -> list[File]:
    """`cells` and after them the faults; the second outlier goes to the class `crowded`.

    Each copy has an original of its own. Of a run of outliers the first copies none, the others copy it.
    """
    rng, count = np.random.default_rng([seed, len(cells)]), amounts(len(cells))
    labels = sorted({cell.label for cell in cells})
    spoiled = iter(rng.permutation(len(cells)).tolist())
    files = list(cells)
    files += _run(
        png(outliers.landscape(rng)), [label for label in labels for _ in range(count.everywhere)], len(files)
    )
    files += _run(png(outliers.page(rng)), [crowded] * count.in_one, len(files))
    files += [_exact(cells, next(spoiled)) for _ in range(count.exact)]
    files += [_near(rng, cells, next(spoiled), NEAR[k % len(NEAR)]) for k in range(count.near)]
    files += [_relabelled(rng, cells, next(spoiled), labels) for _ in range(count.other_label)]
    files += [_unreadable(cells, next(spoiled)) for _ in range(count.unreadable)]
    return files


def recompressed(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    """After a way through JPEG at a quality of 60 to 90."""
    buffer = io.BytesIO()
    image.save(buffer, "jpeg", quality=int(rng.integers(60, 91)))
    return Image.open(buffer)


def brightened(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    """3 to 6 % brighter."""
    gain = rng.uniform(1.03, 1.06)
    return image.point([min(255, round(gain * level)) for level in range(256)] * 3)


def resampled(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    """After a way through three quarters of its size."""
    small = image.resize((SIDE * 3 // 4, SIDE * 3 // 4), Image.Resampling.BICUBIC)
    return small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


Change = Callable[[np.random.Generator, Image.Image], Image.Image]
NEAR: tuple[Change, ...] = (recompressed, brightened, resampled)


def _run(content: bytes, labels: list[str], start: int) -> Iterator[File]:
    for k, label in enumerate(labels):
        yield File(label, content, "outlier", "main", None if k == 0 else start)


def _exact(cells: list[File], of: int) -> File:
    return cells[of]._replace(kind="exact", of=of)


def _near(rng: np.random.Generator, cells: list[File], of: int, change: Change) -> File:
    image = change(rng, Image.open(io.BytesIO(cells[of].content)))
    return cells[of]._replace(content=png(np.asarray(image)), kind="near", of=of)


def _relabelled(rng: np.random.Generator, cells: list[File], of: int, labels: list[str]) -> File:
    others = [label for label in labels if label != cells[of].label]
    return cells[of]._replace(label=others[rng.integers(len(others))], kind="exact-other-label", of=of)


def _unreadable(cells: list[File], of: int) -> File:
    """A copy whose transfer broke off: the header stands, most of the pixels do not."""
    content = cells[of].content
    return cells[of]._replace(content=content[: len(content) // 4], kind="unreadable", of=of)
