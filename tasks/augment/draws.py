"""Random numbers from (seed, step) alone, the same ones eagerly, in `tf.data` and compiled by XLA."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

ROWS = 96
"""Draws that one step may take."""


def pool(seed: int, step: tf.Tensor, n: Any) -> tf.Tensor:
    """All random bits of a step for n images, uint32 (ROWS, width), of which `Draws` hands out a row at a time.

    Drawn in one piece, and given to compiled code as an input: made inside, XLA fuses the generator into each loop over
    pixels and draws an image's number again for each of them.
    """
    # Negative: mixing.py, which gets the same (seed, step), has the numbers from 0 on.
    key = tf.stack([tf.constant(-seed - 1, tf.int64), tf.cast(step, tf.int64)])
    return bits([ROWS, _width(n)], key)


def bits(shape: Sequence[Any], key: tf.Tensor) -> tf.Tensor:
    """Random bits of a key, int64 (2,): uint32 of that shape.

    Bits, not floats, which `stateless_uniform` makes differently with XLA; Philox by name, for the same reason.
    """
    return tf.random.stateless_uniform(shape, key, minval=None, maxval=None, dtype=tf.uint32, alg="philox")


def shares(bits: tf.Tensor) -> tf.Tensor:
    """float32, from 0 on, below 1, of the upper 24 of 32 bits."""
    upper = tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32))
    return tf.cast(tf.bitcast(upper, tf.int32), tf.float32) * 2.0**-24


def _width(n: Any) -> Any:
    return 3 * n + 16  # channels of each image, or places for RandAugment's operations, at most n + 13


class Draws:
    """Takes the rows of a pool one after the other: the same ones for the same calls."""

    def __init__(self, bits: tf.Tensor):
        self._bits, self._next = bits, 0

    def uniform(self, shape: Sequence[Any], low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        """float32, from `low` on, below `high`."""
        return low + (high - low) * shares(self._take(shape))

    def either(self, shape: Sequence[Any], reach: float) -> tf.Tensor:
        """float32, from -`reach` on, below `reach`."""
        return self.uniform(shape, -reach, reach)

    def happens(self, shape: Sequence[Any], share: float) -> tf.Tensor:
        """bool, true in `share` of the cases."""
        return self.uniform(shape) < share

    def sign(self, shape: Sequence[Any]) -> tf.Tensor:
        """float32, -1 or 1, as often the one as the other."""
        return 1 - 2 * tf.cast(self.happens(shape, 0.5), tf.float32)

    def permutation(self, n: Any) -> tf.Tensor:
        """The numbers 0 to n - 1 in random order, int32 (n,)."""
        return tf.argsort(self.uniform([n]), stable=True)

    def noise(self, shape: Sequence[Any]) -> tf.Tensor:
        """float32, mean 0, standard deviation 1, as many as images have values.

        The pool would be too small: it gives two keys, and each number is a hash of its place under these.
        """
        keys = self._take([2])
        places = tf.bitcast(tf.range(tf.reduce_prod(shape)), tf.uint32)
        bits = _hashed(tf.bitwise.bitwise_xor(_hashed(places + keys[0]), keys[1]))
        inside = 2 * shares(bits) - 1 + 2.0**-24  # never -1 or 1
        return tf.reshape(2**0.5 * tf.math.erfinv(inside), shape)

    def _take(self, shape: Sequence[Any]) -> tf.Tensor:
        """Raises IndexError where all rows are taken."""
        if self._next == ROWS:
            raise IndexError(f"a step takes at most {ROWS} draws")
        row = self._bits[self._next]
        self._next += 1
        return tf.reshape(row[: tf.reduce_prod(shape)], shape)


def _hashed(numbers: tf.Tensor) -> tf.Tensor:
    """uint32, each number's bits mixed ("lowbias32", Wellons 2018, "Prospecting for hash functions")."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        numbers = _folded(numbers, shift) * tf.constant(factor, tf.uint32)
    return _folded(numbers, 16)


def _folded(numbers: tf.Tensor, shift: int) -> tf.Tensor:
    return tf.bitwise.bitwise_xor(numbers, tf.bitwise.right_shift(numbers, tf.constant(shift, tf.uint32)))
