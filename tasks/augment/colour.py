"""Changes colours. Images are float32 (n, side, side, 3), RGB, 0 to 255; results may leave that range.

The operations that RandAugment takes from Pillow give what Pillow gives, to a grey level or so: they compute on floats,
Pillow on bytes. Strengths are float32 (n,), one an image.
"""

from typing import Any

import numpy as np
import tensorflow as tf

LUMA = (0.299, 0.587, 0.114)
"""Light of red, green and blue (ITU-R BT.601), as in Pillow's grey."""
LEVELS = 256


def brightness(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """0 is black, 1 the image (PIL.ImageEnhance.Brightness)."""
    return images * _per_image(factor)


def contrast(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """0 is the mean light all over, 1 the image (PIL.ImageEnhance.Contrast)."""
    return _blend(tf.reduce_mean(grey(images), axis=[1, 2, 3], keepdims=True), images, factor)


def colour(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """0 is grey, 1 the image (PIL.ImageEnhance.Color)."""
    return _blend(grey(images), images, factor)


def sharpness(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """0 is smoothed, 1 the image, 2 sharpened (PIL.ImageEnhance.Sharpness)."""
    return _blend(_smoothed(images), images, factor)


def solarize(images: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """All values from the threshold on inverted (PIL.ImageOps.solarize)."""
    return tf.where(images < _per_image(threshold), images, 255 - images)


def posterize(images: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """That many leading bits of each value kept, a whole number (PIL.ImageOps.posterize)."""
    step = _per_image(2 ** (8 - bits))
    return tf.floor(tf.round(images) / step) * step


def autocontrast(images: tf.Tensor) -> tf.Tensor:
    """Each channel stretched over the whole range (PIL.ImageOps.autocontrast)."""
    low, high = (find(images, axis=[1, 2], keepdims=True) for find in (tf.reduce_min, tf.reduce_max))
    stretched = (images - low) * (255 / tf.maximum(high - low, 1))
    return tf.where(high - low < 1, images, stretched)


def equalize(images: tf.Tensor) -> tf.Tensor:
    """Each channel's values spread so that all are about as frequent (PIL.ImageOps.equalize)."""
    values = tf.cast(tf.round(images), tf.int32)
    table = _equalizing(_histograms(values))
    return tf.gather(tf.reshape(tf.cast(table, tf.float32), [-1]), values + _first_of_channels(values))


def grey(images: tf.Tensor) -> tf.Tensor:
    """The light of each pixel, (n, side, side, 1)."""
    return tf.reduce_sum(images * tf.constant(LUMA), axis=3, keepdims=True)


def linear(images: tf.Tensor, matrices: tf.Tensor, offsets: tf.Tensor) -> tf.Tensor:
    """Each pixel times its image's matrix, (n, 3, 3), from channels to channels, plus its offset, (n, 3)."""
    channels = [images[..., k, None] * matrices[:, None, None, :, k] for k in range(3)]
    return channels[0] + channels[1] + channels[2] + offsets[:, None, None, :]


def saturating(factor: tf.Tensor) -> tf.Tensor:
    """Matrices (n, 3, 3) for `linear`: 0 is grey, 1 the image."""
    to_grey = tf.constant(np.tile(LUMA, (3, 1)), tf.float32)
    return to_grey + factor[:, None, None] * (tf.eye(3) - to_grey)


def hue(turns: tf.Tensor) -> tf.Tensor:
    """Matrices (n, 3, 3) for `linear` that turn the plane of colour, of YIQ, and leave the light as it is."""
    to_yiq = np.array([LUMA, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)])
    angle = turns[:, None, None] * (2 * np.pi)
    turn_i, turn_q = np.zeros((3, 3)), np.zeros((3, 3))
    turn_i[1, 1] = turn_i[2, 2] = turn_q[2, 1] = 1
    turn_q[1, 2] = -1
    light = np.diag([1.0, 0.0, 0.0])
    parts = [np.linalg.inv(to_yiq) @ part @ to_yiq for part in (light, turn_i, turn_q)]
    still, cosine, sine = (tf.constant(part, tf.float32) for part in parts)
    return still + tf.cos(angle) * cosine + tf.sin(angle) * sine


def _per_image(values: tf.Tensor) -> tf.Tensor:
    return values[:, None, None, None]


def _blend(other: tf.Tensor, images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    return other + _per_image(factor) * (images - other)


def _smoothed(images: tf.Tensor) -> tf.Tensor:
    """Pillow's SMOOTH: the mean of 3 x 3 pixels, the middle one counted five times; the outermost pixels stay."""
    side = images.shape[1]
    rows = images[:, :-2] + images[:, 1:-1] + images[:, 2:]
    box = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    inner = tf.pad((box + 4 * images[:, 1:-1, 1:-1]) / 13, [[0, 0], [1, 1], [1, 1], [0, 0]])
    within = tf.pad(tf.ones([side - 2, side - 2], tf.bool), [[1, 1], [1, 1]])
    return tf.where(within[None, :, :, None], inner, images)


def _first_of_channels(values: tf.Tensor) -> tf.Tensor:
    """Where the table of each image's channel starts in a row of all tables, int32 (n, 1, 1, 3)."""
    return tf.reshape(tf.range(tf.shape(values)[0] * 3) * LEVELS, [-1, 1, 1, 3])


def _histograms(values: tf.Tensor) -> tf.Tensor:
    """int32 (n, 3, LEVELS)."""
    number: Any = tf.shape(values)[0] * 3 * LEVELS
    places = values + _first_of_channels(values)
    return tf.reshape(tf.math.unsorted_segment_sum(tf.ones_like(places), places, number), [-1, 3, LEVELS])


def _equalizing(histograms: tf.Tensor) -> tf.Tensor:
    """Pillow's tables from old values to new ones, int32 (n, 3, LEVELS)."""
    below = tf.cumsum(histograms, axis=2, exclusive=True)
    highest = tf.reduce_max(tf.where(histograms > 0, tf.range(LEVELS), 0), axis=2, keepdims=True)
    step = tf.gather(below, highest, batch_dims=2) // (LEVELS - 1)
    table = (step // 2 + below) // tf.maximum(step, 1)
    return tf.where(step > 0, tf.minimum(table, LEVELS - 1), tf.range(LEVELS))
