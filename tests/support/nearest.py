"""How near augmentation comes to a corruption: what is left of the corruption's change by the nearest augmentation."""

from functools import lru_cache

import numpy as np
import tensorflow as tf

from tasks.augment import blur, broad, colour, geometry, randaugment, strengths
from tasks.demo import cells, smear

DRAWN = (cells.neutrophil, cells.monocyte)
CELLS = [
    smear.photograph(np.random.default_rng(k), draw(np.random.default_rng(k)), smear.MAIN)
    for k, draw in enumerate(DRAWN)
]
SIDE = smear.SIDE
SEEN = np.s_[..., ::3, ::3, :]
"""Pixels that are compared: a ninth says as much, and has rows of both fields of a video."""
ROUNDING = 1 / 12
"""Mean squared error of a value that is rounded."""
STEPS = 81
"""Strengths at which an operation is tried, from one end of what a training can draw to the other."""
FACTORS = 1 + broad.SHRUNK * np.linspace(0.05, 1, 20)
COARSE = np.geomspace(1, broad.COARSE, STEPS)
"""Of few pixels and of coarse blocks, those that are tried."""
SAME, ANOTHER = 0.03, 0.1
"""What the nearest augmentation leaves of a change, root mean square: at most for the same form, at least for another.

Measured: augmentations leave up to 0.018, MedMNIST-C's even discs 0.07 to 0.10, kinds of the benchmark 0.114 and more.
"""


def nearest(k: int, changed: np.ndarray) -> float:
    """How much of the change of CELLS[k], 0 to 1, is left by what comes nearest of every recipe but `broad`."""
    after = changed[SEEN].astype(np.float32)
    return _root(k, after, min(_least(_changes(k), k, after), _linear(k, after), _masked(k, after)))


def nearest_broad(k: int, changed: np.ndarray) -> float:
    """The same of the changes that `broad` alone makes, each by itself."""
    after = changed[SEEN].astype(np.float32)
    return _root(k, after, min(_least(_broad(k), k, after), _curved(k, after), _banded(k, after)))


def _root(k: int, after: np.ndarray, left: float) -> float:
    return float(np.sqrt(max(left - ROUNDING, 0) / np.square(after - CELLS[k][SEEN]).mean()))


def _least(changes: tuple[np.ndarray, np.ndarray], k: int, after: np.ndarray) -> float:
    """What is left by the nearest of the operations, mean square."""
    many, squares = changes
    wanted = (after - CELLS[k][SEEN]).ravel()
    return float((squares - 2 * many @ wanted + wanted @ wanted).min() / wanted.size)


@lru_cache
def _changes(k: int) -> tuple[np.ndarray, np.ndarray]:
    """What these operations add to CELLS[k], float32 (operations x strengths, values), and the sums of its squares."""
    each = tf.linspace(-1.0, 1.0, STEPS)
    many = _copies(k, STEPS)
    results = [geometry.warp(many, matrices(each, SIDE)) for matrices in randaugment.GEOMETRIC.values()]
    results += [operation(many, each) for operation in randaugment.OTHERS.values()]
    results.append(blur.gaussian(many, (each + 1) / 2 * strengths.BLUR * SIDE))
    # What KerasCV calls saturation: that of HSV times 1 / 9 to 9.
    factors = np.geomspace(1 / 9, 9, 3 * STEPS)
    results += [255 * tf.image.adjust_saturation(many[:1] / 255, factor) for factor in factors]
    return _added(k, results)


@lru_cache
def _broad(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Other amounts of dyes; few pixels; coarse blocks; another scale."""
    amounts = np.stack(np.meshgrid(*[np.linspace(-1, 1, 9) * broad.STAIN] * 3), -1).reshape(-1, 3) + 1
    results = [broad.stained(_copies(k, len(amounts)), tf.constant(amounts, tf.float32), tf.zeros((len(amounts), 3)))]
    factors, phases = (each.ravel() for each in np.meshgrid(FACTORS, np.arange(8) / 8))
    weights = broad.shrunk(tf.constant(factors, tf.float32), tf.constant(phases, tf.float32), SIDE)
    results.append(blur.separable(_copies(k, len(factors)), weights, weights))
    results.append(broad.coarse(_copies(k, STEPS), tf.constant(COARSE, tf.float32)))
    zooms = tf.constant((1 + broad.ZOOM) ** np.linspace(-1, 1, STEPS), tf.float32)
    results.append(geometry.warp(_copies(k, STEPS), geometry.scaling(zooms, zooms)))
    return _added(k, results)


def _curved(k: int, after: np.ndarray) -> float:
    """By a power of each channel."""
    powers = np.exp(np.linspace(-1, 1, 4 * STEPS) * (broad.GAMMA + broad.CHANNEL_GAMMA))[:, None, None, None]
    light = np.clip(CELLS[k][SEEN], 1, 255).astype(np.float32) / 255
    return float(np.square(255 * light**powers - after).mean(axis=(1, 2)).min(axis=0).mean())


def _banded(k: int, after: np.ndarray) -> float:
    """By a Gaussian, longer one way, and as much of the band between it and a wider one as fits best."""
    grid = np.meshgrid(np.linspace(0, broad.BLUR * SIDE, 16), 2 ** (np.linspace(-1, 1, 5) * broad.STRETCH), (0.5, 1, 2))
    deviation, stretch, wider = (tf.constant(each.ravel(), tf.float32) for each in grid)
    blurred = blur.gaussian(_copies(k, len(wider)), deviation * stretch, deviation / stretch)
    band = (blurred - blur.gaussian(blurred, wider)).numpy()[SEEN].reshape(len(wider), -1)
    wanted = (after - blurred.numpy()[SEEN]).reshape(len(wider), -1)
    power = np.maximum(np.square(band).sum(axis=1), 1e-6)
    share = np.clip((band * wanted).sum(axis=1) / power, -broad.HALO, broad.HALO)
    return float(np.square(wanted - share[:, None] * band).mean(axis=1).min())


def _copies(k: int, number: int) -> tf.Tensor:
    return tf.constant(np.tile(CELLS[k], (number, 1, 1, 1)), tf.float32)


def _added(k: int, results: list) -> tuple[np.ndarray, np.ndarray]:
    changes = np.concatenate([(np.clip(result, 0, 255) - CELLS[k])[SEEN] for result in results])
    changes = changes.reshape(len(changes), -1)
    return changes, np.einsum("ij,ij->i", changes, changes)


def _linear(k: int, after: np.ndarray) -> float:
    """What is left, mean square, by the nearest of `heavy`'s colours, `base`'s brightness, KerasCV's contrast.

    Each turn and saturation that `heavy` draws, and with it the contrast and the offsets that fit best; pixels that are
    clipped in the result fit anything.
    """
    matrices, pixels, target = (
        _matrices(),
        CELLS[k][SEEN].reshape(-1, 3).astype(float),
        after.reshape(-1, 3).astype(float),
    )
    free = ((target > 0) & (target < 255)).all(axis=1)
    means = pixels[free].mean(axis=0), target[free].mean(axis=0)
    before, wanted = pixels[free] - means[0], target[free] - means[1]
    along = np.einsum("mij,ji->m", matrices, before.T @ wanted)
    power = np.einsum("mij,jk,mik->m", matrices, before.T @ before, matrices)
    contrast = np.clip(along / power, 1 - strengths.CONTRAST, 1 + strengths.CONTRAST)
    best = np.argsort(contrast**2 * power - 2 * contrast * along)[:8]
    fits = [np.clip(contrast[m] * (pixels - means[0]) @ matrices[m].T + means[1], 0, 255) for m in best]
    return min(float(np.square(fit - target).mean()) for fit in fits)


@lru_cache
def _matrices() -> np.ndarray:
    saturation = 1 + strengths.SATURATION * np.linspace(-1, 1, 33)
    turns = tf.constant(strengths.HUE * np.linspace(-1, 1, 41), tf.float32)
    factors = colour.saturating(tf.constant([0, *saturation], tf.float32))
    return (factors[:, None] @ colour.hue(turns)[None]).numpy().reshape(-1, 3, 3).astype(float)


def _masked(k: int, after: np.ndarray) -> float:
    """What is left by the best of all masks, of whatever shape, that put mid grey in the place of an image."""
    return float(np.minimum(np.square(CELLS[k][SEEN] - after), np.square(strengths.FILL - after)).mean())
