"""What the recipes make of some images, as one sheet for a person to judge the strengths by."""

import io
from collections.abc import Sequence
from dataclasses import replace

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tasks.augment.recipes import augmenter
from tasks.augment.table import OF_ENGINE, RECIPES, Recipe

MAGNITUDES = (0.1, 0.3, 0.6, 1.0)
DRAWS = 3
"""How often an image is shown at each magnitude."""
INCH = 0.9
"""Width of an image on the sheet."""
DPI = 110
GAP = 6
"""Pixels between groups."""
Images = NDArray[np.uint8]


def sheet(
    images: Images, names: Sequence[str], recipe: Recipe, seed: int, magnitudes: Sequence[float] = MAGNITUDES
) -> bytes:
    """A PNG: a group of rows for each recipe, a row for each image; itself first, then DRAWS at each magnitude.

    `images` are uint8 (k, side, side, 3), RGB, at least one, `names` stand beside them; of `recipe` all counts but
    its name and magnitude. Raises ValueError for other images, or names that are not one an image.
    """
    _check(images, names)
    shown = [name for name in OF_ENGINE.get(recipe.engine, RECIPES) if name != "none"]
    groups = [_group(images, replace(recipe, recipe=name, without=()), seed, magnitudes) for name in shown]
    figure, axes = plt.subplots(
        len(groups), 1, figsize=_inches(len(images), len(groups), len(magnitudes)), layout="constrained"
    )
    for axis, name, group in zip(axes, shown, groups, strict=True):
        axis.imshow(group, interpolation="none")
        _label(axis, name, names, magnitudes, images.shape[1])
    return _png(figure)


def _check(images: Images, names: Sequence[str]) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or not len(images):
        raise ValueError(
            f"images must be uint8 of shape (k, side, side, 3), k at least 1, "
            f"got {images.dtype} of shape {images.shape}"
        )
    if len(names) != len(images):
        raise ValueError(f"names must be one an image, {len(images)}, got {len(names)}")


def _group(images: Images, recipe: Recipe, seed: int, magnitudes: Sequence[float]) -> Images:
    """Rows of images below one another, white between magnitudes."""
    gap = np.full((len(images) * images.shape[1], GAP, 3), 255, np.uint8)
    parts = [_beside(images[:, None])]
    for magnitude in magnitudes:
        parts += [gap, _beside(_drawn(images, replace(recipe, magnitude=magnitude), seed))]
    return np.concatenate(parts, axis=1)


def _drawn(images: Images, recipe: Recipe, seed: int) -> Images:
    """(k, DRAWS, side, side, 3), all drawn as one batch."""
    many = tf.constant(np.repeat(images, DRAWS, axis=0), tf.float32)
    changed = augmenter(recipe, seed, compiled=False)(many, tf.constant(0, tf.int64)).numpy()
    return np.rint(changed).astype(np.uint8).reshape(len(images), DRAWS, *images.shape[1:])


def _beside(images: Images) -> Images:
    """From (rows, columns, side, side, 3) to one image."""
    rows, columns, side, *_ = images.shape
    return images.swapaxes(1, 2).reshape(rows * side, columns * side, 3)


def _inches(rows: int, groups: int, magnitudes: int) -> tuple[float, float]:
    return (1 + magnitudes * DRAWS) * INCH + 1.4, groups * (rows * INCH + 0.5)


def _label(axis: Axes, title: str, names: Sequence[str], magnitudes: Sequence[float], side: int) -> None:
    width = DRAWS * side + GAP
    middles = [side / 2, *(side + GAP + width * k + DRAWS * side / 2 for k in range(len(magnitudes)))]
    axis.set_xticks(middles, ["as it is", *(f"magnitude {magnitude:g}" for magnitude in magnitudes)])
    axis.set_yticks([(k + 0.5) * side for k in range(len(names))], names)
    axis.set_title(title, loc="left", fontweight="bold")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()
