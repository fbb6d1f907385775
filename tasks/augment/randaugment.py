"""RandAugment (arXiv:1909.13719) of a whole batch: of its 14 operations one for each image, at a strength of its own.

An operation's strength runs from 0, the image as it is, to 1, the far end of the range in AutoAugment
(arXiv:1805.09501), to either side where it has two. The paper has one magnitude for all images, on a scale of 10;
here each image's is uniform between half and one and a half times the given one, at most 1.
"""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from tasks.augment import colour, geometry
from tasks.augment.draws import Draws

SPREAD = (0.5, 1.5)
"""Of the strengths about the magnitude."""
ROTATION = 30 / 360
"""Turns."""
SHEAR = 0.3
TRANSLATION = 0.45
"""Share of the side."""
ENHANCE = 0.9
"""By how much the factor of colour, contrast, brightness and sharpness is more or less than 1."""
BITS = 4
"""That posterize takes away."""

Matrices = Callable[[tf.Tensor, int], tf.Tensor]
Operation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

GEOMETRIC: dict[str, Matrices] = {
    "rotate": lambda s, side: geometry.rotation(s * ROTATION),
    "shear-x": lambda s, side: geometry.shear(s * SHEAR, 0 * s),
    "shear-y": lambda s, side: geometry.shear(0 * s, s * SHEAR),
    "translate-x": lambda s, side: geometry.translation(s * (TRANSLATION * side), 0 * s),
    "translate-y": lambda s, side: geometry.translation(0 * s, s * (TRANSLATION * side)),
}
"""From strengths, -1 to 1, to matrices of the warp that all of these share."""
OTHERS: dict[str, Operation] = {
    "identity": lambda images, s: images,
    "autocontrast": lambda images, s: colour.autocontrast(images),
    "equalize": lambda images, s: colour.equalize(images),
    "solarize": lambda images, s: colour.solarize(images, 256 * (1 - tf.abs(s))),
    "posterize": lambda images, s: colour.posterize(images, 8 - tf.round(BITS * tf.abs(s))),
    "colour": lambda images, s: colour.colour(images, 1 + ENHANCE * s),
    "contrast": lambda images, s: colour.contrast(images, 1 + ENHANCE * s),
    "brightness": lambda images, s: colour.brightness(images, 1 + ENHANCE * s),
    "sharpness": lambda images, s: colour.sharpness(images, 1 + ENHANCE * s),
}
OPERATIONS = (*GEOMETRIC, *OTHERS)


def layer(images: tf.Tensor, magnitude: float, numbers: Draws) -> tf.Tensor:
    """Images, float32 (n, side, side, 3), 0 to 255, one of OPERATIONS done to each; same shape and range."""
    return one_of(images, magnitude, numbers, OTHERS, GEOMETRIC)


def one_of(
    images: tf.Tensor,
    magnitude: float,
    numbers: Draws,
    others: Mapping[str, Operation],
    geometric: Mapping[str, Matrices] | None = None,
) -> tf.Tensor:
    """Images, float32 (n, side, side, 3), 0 to 255, one of the operations done to each; same shape and range.

    Only the operation that an image drew is computed for it. Each operation has as many places as are needed to seat
    all images, which sit down at random: none has more than its share of the batch, and over the batches of a
    training each image meets each operation as often.
    """
    n, geometric = tf.shape(images)[0], geometric or {}
    operations = len(geometric) + len(others)
    seated = seating(n, numbers, operations)
    shape = [operations, tf.size(seated) // operations]
    # Numbers from n on are no images: whoever sits there is a double, whose result nobody asks for.
    drawn = strengths(shape, magnitude, numbers)
    changed = _changed(tf.gather(images, seated % n), drawn, shape[1], others, geometric)
    return tf.clip_by_value(tf.gather(changed, tf.argsort(seated)[:n]), 0.0, 255.0)


def seating(n: Any, numbers: Draws, operations: int = len(OPERATIONS)) -> tf.Tensor:
    """Who sits where, int32 (places,): as many places for each operation, the first operation's first."""
    return numbers.permutation((n + operations - 1) // operations * operations)


def strengths(shape: list[Any], magnitude: float, numbers: Draws) -> tf.Tensor:
    """float32, to either side, about the magnitude."""
    size = tf.minimum(numbers.uniform(shape, *(share * magnitude for share in SPREAD)), 1.0)
    return numbers.sign(shape) * size


def _changed(
    images: tf.Tensor,
    strengths: tf.Tensor,
    seats: tf.Tensor,
    others: Mapping[str, Operation],
    geometric: Mapping[str, Matrices],
) -> tf.Tensor:
    """The k-th operation done to the k-th `seats` of the images; strengths are (operations, seats)."""
    side, moved, results = images.shape[1], len(geometric), []
    if moved:
        matrices = [found(strengths[k], side) for k, found in enumerate(geometric.values())]
        results.append(geometry.warp(images[: moved * seats], tf.concat(matrices, axis=0)))
    for k, operation in enumerate(others.values(), start=moved):
        results.append(operation(images[k * seats : (k + 1) * seats], strengths[k]))
    return tf.concat(results, axis=0)
