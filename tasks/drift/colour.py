"""Colour of new images against training images of their class, in grey levels.

Six figures of each image: mean and spread (standard deviation over its pixels) of each channel. The size of a
difference is the standardised mean difference, in standard deviations between images of one class and side. The
largest of the six is tested against the largest that permutations give (Westfall and Young 1993, maxT), so that six
figures make one test. Intervals are Student's, at 95 %, with one variance for all classes.

At 30 new images a figure must differ by 0.55 standard deviations to give evidence, at 100 by 0.3, at 500 by 0.15; in
real cells one standard deviation is 4 to 10 grey levels.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from tasks import store
from tasks.drift import bands
from tasks.drift.drift import Difference, Shift
from tasks.drift.evidence import shift
from tasks.drift.sample import Sample

FIGURES = tuple(f"{channel}, {what}" for what in ("mean", "spread") for channel in ("red", "green", "blue"))
LEVEL = 0.95
BATCH = 256
LEAST_SPREAD = 1e-3
"""Grey levels; images that are all alike have no standard deviation to divide by."""


def measured(sample: Sample, pixels: store.Arrays) -> tuple[Shift, tuple[Difference, ...]]:
    """The shift, and the six differences that it is the largest of."""
    figures = np.concatenate([_figures(batch) for batch in pixels.batches(sample.rows, BATCH)])
    weights = _weights(sample)
    differences = weights.T @ figures
    spread, freedom = _within(sample, figures)
    error = spread * np.sqrt(np.square(weights[:, 0], dtype=np.float64).sum())
    half = error * student.ppf((1 + LEVEL) / 2, max(freedom, 1))
    columns = zip(FIGURES, differences[0], half, spread, strict=True)
    lines = tuple(Difference(name, float(d), float(d - h), float(d + h), float(d / s)) for name, d, h, s in columns)
    new = int(sample.new[:, 0].sum())
    found = shift(np.abs(differences / spread).max(axis=1), bands.COLOUR, new, len(sample.rows) - new)
    return found, lines


def _figures(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean and spread of each channel, float32 (n, 6); a quarter of the pixels gives them as well as all."""
    pixels = images[:, ::2, ::2].reshape(len(images), -1, 3).astype(np.float32)
    return np.concatenate([pixels.mean(axis=1), pixels.std(axis=1)], axis=1)


def _weights(sample: Sample) -> NDArray[np.float32]:
    """What each image adds to the difference, (n, permutations): the sum over new ones is 1, over others -1."""
    new, (size, size_new) = sample.new, _sizes(sample)
    share = size_new / new[:, 0].sum()
    return np.where(new, (share / size_new)[:, None], (-share / (size - size_new))[:, None]).astype(np.float32)


def _sizes(sample: Sample) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each image's class: all images, and the new ones."""
    size, size_new = np.bincount(sample.classes), np.bincount(sample.classes[sample.new[:, 0]])
    return size[sample.classes], size_new[sample.classes]


def _within(sample: Sample, figures: NDArray[np.float32]) -> tuple[NDArray[np.float64], int]:
    """Standard deviations within class and side, (6,), and their degrees of freedom."""
    side = 2 * sample.classes + sample.new[:, 0]
    size = np.bincount(side)
    sums = np.zeros((len(size), figures.shape[1]))
    np.add.at(sums, side, figures)
    residuals = figures - (sums / np.maximum(size, 1)[:, None])[side]
    freedom = len(side) - int((size > 0).sum())
    return np.maximum(np.sqrt(np.square(residuals).sum(axis=0) / max(freedom, 1)), LEAST_SPREAD), freedom
