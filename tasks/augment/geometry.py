"""Moves pixels: one warp for every geometric change, by matrices that compose.

A matrix leads from places in the result to places in the image, in pixels from its centre, x to the right and y down:
float32 (n, 3, 3). `first @ second` does what `first` does to an image, and then what `second` does.
"""

from typing import Any

import numpy as np
import tensorflow as tf


def warp(images: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
    """Images, float32 (n, side, side, 3), warped, with bilinear interpolation; same shape.

    Outside of an image lies its mirror image: a smear goes on beyond the edge in much the same way, where a fill of
    one colour would draw an edge that tells the network how far the image was moved.
    """
    side = images.shape[1]
    x, y = _places(matrices, side)
    return _interpolated(images, _mirrored(x, side), _mirrored(y, side), side)


def rotation(turns: tf.Tensor) -> tf.Tensor:
    """Matrices for turns, float32 (n,), anticlockwise."""
    angle = turns * (2 * np.pi)
    return _matrices([[tf.cos(angle), -tf.sin(angle), 0], [tf.sin(angle), tf.cos(angle), 0]])


def scaling(across: tf.Tensor, down: tf.Tensor) -> tf.Tensor:
    """Matrices that make images so many times as large; -1 mirrors."""
    return _matrices([[1 / across, 0 * across, 0], [0, 1 / down, 0]])


def shear(across: tf.Tensor, down: tf.Tensor) -> tf.Tensor:
    """Matrices that shift rows across and columns down, by so many pixels for each pixel from the centre."""
    return _matrices([[1 + 0 * across, -across, 0], [-down, 1, 0]])


def translation(across: tf.Tensor, down: tf.Tensor) -> tf.Tensor:
    """Matrices that move images by so many pixels."""
    return _matrices([[1, 0 * across, -across], [0, 1, -down]])


def _matrices(rows: list[list[Any]]) -> tf.Tensor:
    """From entries, each float32 (n,) or a number, the last row left out."""
    like = sum(entry for row in rows for entry in row if tf.is_tensor(entry)) * 0
    return tf.stack([tf.stack([entry + like for entry in row], axis=-1) for row in [*rows, [0.0, 0.0, 1.0]]], axis=-2)


def _places(matrices: tf.Tensor, side: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Where each pixel comes from, x and y as float32 (n, side, side), in pixels from the first one's centre."""
    middle = (side - 1) / 2
    here = tf.range(side, dtype=tf.float32) - middle
    m = matrices[:, :, :, None, None]
    x, y = (m[:, k, 0] * here[None, None, :] + m[:, k, 1] * here[None, :, None] + m[:, k, 2] for k in range(2))
    return x + middle, y + middle


def _mirrored(places: tf.Tensor, side: int) -> tf.Tensor:
    """Places outside of the image replaced by those inside that hold their mirror image, edge pixels twice."""
    wave = tf.math.floormod(places + 0.5, 2.0 * side)
    return tf.clip_by_value(tf.minimum(wave, 2.0 * side - wave) - 0.5, 0.0, side - 1.0)


def _interpolated(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor, side: int) -> tf.Tensor:
    left, top = tf.floor(x), tf.floor(y)
    across, down = (x - left)[..., None], (y - top)[..., None]
    first = tf.range(tf.shape(images)[0])[:, None, None] * side * side
    columns = [tf.cast(left, tf.int32), tf.minimum(tf.cast(left, tf.int32) + 1, side - 1)]
    rows = [tf.cast(top, tf.int32), tf.minimum(tf.cast(top, tf.int32) + 1, side - 1)]
    pixels = tf.reshape(images, [-1, 3])
    above, below = (
        (1 - across) * tf.gather(pixels, first + row * side + columns[0])
        + across * tf.gather(pixels, first + row * side + columns[1])
        for row in rows
    )
    return (1 - down) * above + down * below
