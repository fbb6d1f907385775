from pathlib import Path

import numpy as np
import pytest

from tasks import feed, store

N = 10


@pytest.fixture
def arrays(tmp_path: Path) -> store.Arrays:
    """Picture k is k all over."""
    (tmp_path / "d").mkdir()
    pixels = np.broadcast_to(np.arange(N, dtype=np.uint8)[:, None, None, None], (N, 4, 4, 3))
    np.save(tmp_path / "d" / store.PIXELS, pixels)
    return store.Arrays(tmp_path, store.PIXELS, ["d"])


def places(*rows: int) -> np.ndarray:
    return np.array([[0, row] for row in rows], np.int64)


def test_pictures_come_in_order_as_floats(arrays: store.Arrays) -> None:
    batches = [batch.numpy() for batch in feed.pictures(arrays, places(3, 1, 2), 2)]
    assert [batch[:, 0, 0, 0].tolist() for batch in batches] == [[3, 1], [2]]
    assert batches[0].dtype == np.float32
    assert batches[0].shape == (2, 4, 4, 3)


def test_labels_stay_with_their_pictures(arrays: store.Arrays) -> None:
    labels = np.arange(N) * 10
    for data in (
        feed.labelled(arrays, places(*range(N)), labels, 3),
        feed.shuffled(arrays, places(*range(N)), labels, 3, 0, lambda batch: batch + 0.5),
    ):
        for batch, label in data:
            assert (np.floor(batch[:, 0, 0, 0]) * 10 == label).numpy().all()


def test_each_epoch_has_every_picture_once_in_another_order(arrays: store.Arrays) -> None:
    data = feed.shuffled(arrays, places(*range(N)), np.arange(N), 4, 0, lambda batch: batch)
    first, second = ([int(label) for _, labels in data for label in labels] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(N))
    assert first != second


def test_training_pictures_are_augmented(arrays: store.Arrays) -> None:
    data = feed.shuffled(arrays, places(1), np.array([0]), 1, 0, lambda batch: batch * 100)
    assert next(iter(data))[0].numpy().max() == 100
