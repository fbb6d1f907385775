"""CutMix (arXiv:1905.04899) and MixUp (arXiv:1710.09412), for a whole batch and from (seed, step) alone."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.special import betaincinv

from tasks.augment import draws

Mixed = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
Mixer = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], Mixed]

PARTNER, SHARE, PLACE, WHICH = range(4)
"""What is drawn, each from numbers of its own."""
QUANTILES = 1024


def mixer(cutmix: float, mixup: float, seed: int) -> Mixer | None:
    """A function of (images, labels, weights, step) that mixes each image with another one of the batch.

    `cutmix` and `mixup` are the alphas of Beta(alpha, alpha), from which an image's share of itself is drawn; 0
    switches one off, None comes back where both are, and where both are on each image has one of the two. Images
    are float32 (n, side, side, 3), labels float32 (n, classes), weights float32 (n,): labels and weights are mixed in
    the same shares as the pixels.
    """
    if not cutmix and not mixup:
        return None

    def mix(images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, step: tf.Tensor) -> Mixed:
        n = tf.shape(images)[0]
        partner = _partners(n, _seed(seed, step, PARTNER))
        cut = _which(cutmix, mixup, n, _seed(seed, step, WHICH))
        own = tf.where(cut, *(_beta(alpha, n, _seed(seed, step, SHARE)) for alpha in (cutmix, mixup)))
        box = _boxes(1 - own, tf.shape(images)[1], _seed(seed, step, PLACE))
        kept = tf.where(cut[:, None, None], 1 - box, own[:, None, None])
        own = tf.reduce_mean(kept, axis=[1, 2])  # a box that the edge cuts off is smaller than what was drawn
        return (
            _blend(images, partner, kept[..., None]),
            _blend(labels, partner, own[:, None]),
            _blend(weights, partner, own),
        )

    return mix


def _blend(values: tf.Tensor, partner: tf.Tensor, own: tf.Tensor) -> tf.Tensor:
    return own * values + (1 - own) * tf.gather(values, partner)


def _seed(seed: int, step: tf.Tensor, what: int) -> tf.Tensor:
    return tf.stack([tf.constant(seed * 8 + what, tf.int64), tf.cast(step, tf.int64)])


def _uniform(shape: Sequence[Any], key: tf.Tensor) -> tf.Tensor:
    return draws.shares(draws.bits(shape, key))


def _partners(n: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Another image for each, int32 (n,): its neighbour in a random circle, so never itself."""
    circle = tf.argsort(_uniform([n], seed))
    return tf.gather(tf.roll(circle, 1, axis=0), tf.argsort(circle))


def _which(cutmix: float, mixup: float, n: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    if not cutmix or not mixup:
        return tf.fill([n], bool(cutmix))
    return _uniform([n], seed) < 0.5


def _beta(alpha: float, n: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws of Beta(alpha, alpha), (n,), by its quantiles, for XLA knows no Gamma draws; ones where alpha is 0."""
    if not alpha:
        return tf.ones([n])
    quantiles = tf.constant(betaincinv(alpha, alpha, np.linspace(0, 1, QUANTILES + 1)), tf.float32)
    place = _uniform([n], seed) * QUANTILES
    below = tf.cast(place, tf.int32)
    low, high = tf.gather(quantiles, below), tf.gather(quantiles, below + 1)
    return low + (place - tf.cast(below, tf.float32)) * (high - low)


def _boxes(share: tf.Tensor, side: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """1 in a square of that share of the area around a random point, 0 elsewhere: float32 (n, side, side)."""
    half = tf.sqrt(share) * tf.cast(side, tf.float32) / 2
    centres = _uniform([tf.shape(share)[0], 2], seed) * tf.cast(side, tf.float32)
    middle = tf.cast(tf.range(side), tf.float32)[None, :] + 0.5
    inside = [tf.abs(middle - centres[:, k : k + 1]) < half[:, None] for k in range(2)]
    return tf.cast(inside[0][:, :, None] & inside[1][:, None, :], tf.float32)
