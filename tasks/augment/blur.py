"""Gaussian blur with a width of its own for each image."""

import tensorflow as tf


def gaussian(images: tf.Tensor, deviation: tf.Tensor, across: tf.Tensor | None = None) -> tf.Tensor:
    """Images, float32 (n, side, side, 3), blurred by standard deviations in pixels, float32 (n,); same shape.

    `across` is the one from left to right where it is not the one from top to bottom. 0 leaves an image as it is.
    Beyond the edge lies nothing: there, what is left of the pixels counts more.
    """
    deviations = (deviation, deviation if across is None else across)
    return separable(images, *(_weights(each, images.shape[1]) for each in deviations))


def separable(images: tf.Tensor, down: tf.Tensor, across: tf.Tensor) -> tf.Tensor:
    """Each pixel a weighted sum of its column's, then of its row's, by matrices (n, side, side) or (side, side)."""
    for weights in (down, across):
        images = tf.transpose(_down(images, weights), [0, 2, 1, 3])
    return images


def _weights(deviation: tf.Tensor, side: int) -> tf.Tensor:
    """What each pixel along a side takes of each, (n, side, side): as a matrix product, blur costs the same for all."""
    here = tf.range(side, dtype=tf.float32)
    distance = (here[None, :, None] - here[None, None, :]) / tf.maximum(deviation, 1e-3)[:, None, None]
    return tf.nn.softmax(-0.5 * distance**2)


def _down(images: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    side = images.shape[1]
    return tf.reshape(weights @ tf.reshape(images, [-1, side, side * 3]), tf.shape(images))
