from pathlib import Path

import numpy as np
import pytest

from tasks import loader, store

N = 10


@pytest.fixture
def arrays(tmp_path: Path) -> store.Arrays:
    """Image k is k all over."""
    (tmp_path / "d").mkdir()
    pixels = np.broadcast_to(np.arange(N, dtype=np.uint8)[:, None, None, None], (N, 4, 4, 3))
    np.save(tmp_path / "d" / store.PIXELS, pixels)
    return store.Arrays(tmp_path, store.PIXELS, ["d"])


def places(*rows: int) -> np.ndarray:
    return np.array([[0, row] for row in rows], np.int64)


def test_entries_come_in_order_in_their_own_dtype(arrays: store.Arrays) -> None:
    batches = [batch.numpy() for batch in loader.batches(arrays, places(3, 1, 2), 2)]
    assert [batch[:, 0, 0, 0].tolist() for batch in batches] == [[3, 1], [2]]
    assert batches[0].dtype == np.uint8
    assert batches[0].shape == (2, 4, 4, 3)


def test_the_order_holds_over_many_batches(arrays: store.Arrays) -> None:
    order = np.random.default_rng(0).integers(0, N, 200)
    seen = np.concatenate([batch[:, 0, 0, 0].numpy() for batch in loader.batches(arrays, places(*order), 3)])
    assert (seen == order).all()


def test_a_network_knows_the_shape(arrays: store.Arrays) -> None:
    assert loader.batches(arrays, places(1), 1).element_spec.shape.as_list() == [None, 4, 4, 3]
