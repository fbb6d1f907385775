import numpy as np
import pytest
import tensorflow as tf

from tasks.train.augment import augmenter
from tasks.train.settings import Augment

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3)).astype(np.float32)


def applied(**settings: float) -> np.ndarray:
    change = augmenter(Augment(**{"operations": 0, "magnitude": 0.3, "cutout": 0.0, **settings}))
    return next(iter(tf.data.Dataset.from_tensors(PICTURES).map(change))).numpy()


def test_switched_off_it_changes_nothing() -> None:
    assert (applied() == PICTURES).all()


@pytest.mark.parametrize("settings", [{"operations": 2}, {"cutout": 0.5}, {"operations": 2, "cutout": 0.5}])
def test_it_keeps_shape_dtype_and_range(settings: dict) -> None:
    changed = applied(**settings)
    assert changed.shape == PICTURES.shape
    assert changed.dtype == np.float32
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert (changed != PICTURES).any()


def test_pictures_of_a_batch_are_changed_each_by_itself() -> None:
    same = np.repeat(PICTURES[:1], 8, axis=0)
    change = augmenter(Augment(operations=2, magnitude=0.5, cutout=0.5))
    changed = next(iter(tf.data.Dataset.from_tensors(same).map(change))).numpy()
    assert len(np.unique(changed.reshape(8, -1), axis=0)) > 1
