import numpy as np
import pytest
import tensorflow as tf

from tasks.train import batches
from tasks.train.batches import Order


class Numbers:
    """Entry k is k in every place."""

    dtype, shape = np.dtype(np.uint8), (2, 2)

    def take(self, places: np.ndarray) -> np.ndarray:
        return np.broadcast_to(places[:, None, None], (len(places), 2, 2)).astype(np.uint8)


LABELS = np.arange(10) % 3
WEIGHTS = np.array([1.0, 2.0, 4.0], np.float32)


def made(steps: range, change=None, order=None) -> list[tuple[np.ndarray, ...]]:
    order = order or Order(10, 4, 0)
    data = batches.training(Numbers(), lambda rows, epoch: rows + 100 * epoch, LABELS, WEIGHTS, order, change, steps)
    return [tuple(part.numpy() for part in batch) for batch in data]


def test_an_epoch_has_each_row_at_most_once_and_the_next_another_order() -> None:
    order = Order(10, 3, 0)
    epochs = [np.concatenate([order.at(step) for step in range(start, start + 3)]) for start in (0, 3)]
    assert order.steps == 3
    for rows in epochs:
        assert len(set(rows)) == 9
        assert set(rows) <= set(range(10))
    assert (epochs[0] != epochs[1]).any()


def test_over_the_epochs_no_row_is_left_out() -> None:
    order = Order(10, 4, 1)
    assert {int(row) for step in range(40) for row in order.at(step)} == set(range(10))


def test_the_order_follows_from_the_seed_alone() -> None:
    one, same, other = Order(100, 10, 5), Order(100, 10, 5), Order(100, 10, 6)
    assert (one.at(13) == same.at(13)).all()
    assert (one.at(13) != other.at(13)).any()


def test_a_batch_larger_than_the_set_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"train.batch must be at most the number of images in train, 10, got 11"):
        Order(10, 11, 0)


def test_labels_and_weights_stay_with_their_entries() -> None:
    for entries, labels, weights in made(range(2)):
        rows = entries[:, 0, 0]
        assert entries.dtype == np.uint8
        assert (labels == np.eye(3)[LABELS[rows]]).all()
        assert (weights == WEIGHTS[LABELS[rows]]).all()


def test_places_may_depend_on_the_epoch() -> None:
    assert all((entries < 10).all() for entries, *_ in made(range(2)))
    assert all((entries >= 100).all() for entries, *_ in made(range(2, 4)))


def test_a_later_start_goes_on_where_an_earlier_run_was() -> None:
    whole, rest = made(range(6)), made(range(3, 6))
    for one, other in zip(whole[3:], rest, strict=True):
        assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_the_change_knows_its_step_and_sees_floats() -> None:
    def change(entries: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        assert entries.dtype == tf.float32
        return entries * 0 + tf.cast(step, tf.float32), labels, weights

    assert [int(entries[0, 0, 0]) for entries, *_ in made(range(2, 5), change)] == [2, 3, 4]
