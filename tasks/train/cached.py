"""What a training computes once and reads often: features of a frozen backbone, corrupted validation images.

Both are written in pieces into memory-mapped arrays below the state of the training, so memory does not grow with the
set, and an interrupted training finds them again.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks import atomic, loader
from tasks.augment.recipes import augmenter
from tasks.corruptions import validation
from tasks.loader import Source
from tasks.splits import Part
from tasks.train.settings import Train

PIECE = 2048
"""Rows at a time."""
CORRUPTION_SEED = 0


Change = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""From (step, images) to images."""


class Held:
    """Rows of one memory-mapped array, by position: int64 (n,)."""

    def __init__(self, file: Path):
        self._array = np.load(file, mmap_mode="r")
        self.dtype, self.shape = self._array.dtype, self._array.shape[1:]

    def __len__(self) -> int:
        return len(self._array)

    def take(self, places: NDArray[np.int64]) -> NDArray[Any]:
        """The entries at `places`, in that order."""
        return self._array[places]


def corrupted(file: Path, arrays: Source, part: Part) -> Held:
    """Every image of `part` under its own chain of corruptions, uint8, in the order of the rows.

    The seed is fixed: trainings of other seeds and settings are judged on the same images.
    """

    def pieces() -> Iterable[NDArray[np.uint8]]:
        for start in range(0, len(part), PIECE):
            images = arrays.take(part.places[start : start + PIECE])
            yield validation.chain(images, part.ids[start : start + PIECE], CORRUPTION_SEED)

    return _once(file, (len(part), *arrays.shape), np.dtype(np.uint8), pieces())


def features(file: Path, backbone: keras.Model, source: Source, places: NDArray[np.int64], batch: int) -> Held:
    """What `backbone` makes of the entries at `places`, float32 (n, dimensions)."""
    return _features(file, backbone, source, places, batch, lambda step, images: images)


def train_features(file: Path, backbone: keras.Model, arrays: Source, part: Part, settings: Train) -> Held:
    """Features of `part`, once as it is, or in `frozen_augmentations` augmented copies, one after the other."""
    if not settings.frozen_augmentations:
        return features(file, backbone, arrays, part.places, settings.batch)
    change = augmenter(settings.augment.asked, settings.seed + 1)  # other draws than those of the fine-tuning
    places = np.tile(part.places, (settings.frozen_augmentations, 1))
    return _features(
        file, backbone, arrays, places, settings.batch, lambda step, batch: change(tf.cast(batch, tf.float32), step)
    )


def _features(
    file: Path, backbone: keras.Model, source: Source, places: NDArray[np.int64], batch: int, change: Change
) -> Held:
    def pieces() -> Iterable[NDArray[np.float32]]:
        for start in range(0, len(places), PIECE):
            images = loader.batches(source, places[start : start + PIECE], batch)
            # Numbers from `start` on are as good as a count of batches: no two batches have the same.
            yield backbone.predict(images.enumerate(start).map(change, tf.data.AUTOTUNE), verbose=0)

    return _once(file, (len(places), backbone.output_shape[-1]), np.dtype(np.float32), pieces())


def _once(file: Path, shape: tuple[int, ...], dtype: np.dtype[Any], pieces: Iterable[NDArray[Any]]) -> Held:
    """The array that `pieces` make up, written whole or not at all; the one that stands there, if it does."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        # Not through a memory map: without room on the disk that would end the process, where a write raises OSError.
        with atomic.replacing(file) as stream:
            header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_2_0(stream, header)
            for piece in pieces:
                stream.write(np.ascontiguousarray(piece, dtype).data)
    return Held(file)
