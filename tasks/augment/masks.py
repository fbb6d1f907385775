"""Cuts out parts of images. Images are float32 (n, side, side, 3); numbers an image are float32 (n,)."""

import numpy as np
import tensorflow as tf

from tasks.augment.strengths import FILL


def square(images: tf.Tensor, share: tf.Tensor, centres: tf.Tensor, fill: tf.Tensor | float = FILL) -> tf.Tensor:
    """A square of that share of the side cut out (cutout, arXiv:1708.04552), the edge may cut it off.

    `centres` are (n, 2), down and across, as shares of the side; `fill`, a number or (n, 1, 1, 3), takes its place.
    """
    inside = tf.abs(_middles(images)[None, :, None] - centres[:, None, :]) * 2 < share[:, None, None]
    return _cut(images, inside[:, :, None, 0] & inside[:, None, :, 1], fill)


def grid(
    images: tf.Tensor,
    periods: tf.Tensor,
    share: tf.Tensor,
    turns: tf.Tensor,
    phases: tf.Tensor,
    fill: tf.Tensor | float = FILL,
) -> tf.Tensor:
    """A turned grid of squares cut out (GridMask, arXiv:2001.04086).

    So many `periods` of it lie along a side, a square takes up that share of its period, `phases` (n, 2) move it.
    """
    here, angle = _middles(images) - 0.5, turns[:, None, None] * (2 * np.pi)
    down, across = here[None, :, None], here[None, None, :]
    axes = (tf.cos(angle) * down - tf.sin(angle) * across, tf.sin(angle) * down + tf.cos(angle) * across)
    inside = [
        tf.math.floormod(axis * periods[:, None, None] + phases[:, k, None, None], 1.0) < share[:, None, None]
        for k, axis in enumerate(axes)
    ]
    return _cut(images, inside[0] & inside[1], fill)


def _middles(images: tf.Tensor) -> tf.Tensor:
    """Of the pixels along a side, as shares of it."""
    side = images.shape[1]
    return (tf.range(side, dtype=tf.float32) + 0.5) / side


def _cut(images: tf.Tensor, out: tf.Tensor, fill: tf.Tensor | float) -> tf.Tensor:
    return tf.where(out[..., None], fill, images)
