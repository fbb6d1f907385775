from pathlib import Path

import keras
import numpy as np
import pytest

from tasks.corruptions import validation
from tasks.train import cached


class Killed(Exception):  # noqa: N818
    pass


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    """The mean of each channel, so that its features can be told from the images."""
    inputs = keras.layers.Input((32, 32, 3))
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))


@pytest.fixture(autouse=True)
def _pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "PIECE", 10)


def test_features_are_the_backbone_s_in_the_order_of_the_places(tmp_path: Path, small, backbone) -> None:
    arrays, _, val = small.data()
    held = cached.features(tmp_path / "deep" / "val.npy", backbone, arrays, val.places[::-1], 4)
    assert len(held) == len(val)
    expected = arrays.take(val.places[::-1]).mean(axis=(1, 2))
    assert held.take(np.arange(len(val))) == pytest.approx(expected, rel=1e-5)
    assert held.take(np.array([3, 1])) == pytest.approx(expected[[3, 1]], rel=1e-5)
    assert (held.dtype, held.shape) == (np.float32, (3,))


def test_views_come_one_after_the_other_each_another(tmp_path: Path, small, backbone) -> None:
    arrays, train, _ = small.data()
    settings = small.settings(frozen_augmentations=2, augment={"recipe": "base", "magnitude": 0.5})
    held = cached.train_features(tmp_path / "train.npy", backbone, arrays, train, settings)
    assert len(held) == 2 * len(train)
    first, second = held.take(np.arange(2 * len(train))).reshape(2, len(train), 3)
    plain = arrays.take(train.places).mean(axis=(1, 2))
    assert (np.abs(first - second).max(axis=1) > 0.1).mean() > 0.9
    # Brightness moves, the colour stays: the greatest channel tells the class.
    for copy in (first, second):
        assert (copy.argmax(axis=1) == plain.argmax(axis=1)).mean() > 0.9


def test_without_views_the_images_are_taken_as_they_are(tmp_path: Path, small, backbone) -> None:
    arrays, train, _ = small.data()
    held = cached.train_features(
        tmp_path / "train.npy", backbone, arrays, train, small.settings(frozen_augmentations=0)
    )
    assert held.take(np.arange(5)) == pytest.approx(arrays.take(train.places[:5]).mean(axis=(1, 2)), rel=1e-5)


def test_corrupted_images_are_those_of_the_validation_set(tmp_path: Path, small) -> None:
    arrays, _, val = small.data()
    held = cached.corrupted(tmp_path / "corrupted.npy", arrays, val)
    images = arrays.take(val.places)
    assert (held.take(np.arange(len(val))) == validation.chain(images, val.ids, cached.CORRUPTION_SEED)).all()
    assert (held.take(np.arange(len(val))) != images).any(axis=(1, 2, 3)).all()


def test_what_stands_there_is_not_computed_again(tmp_path: Path, small, backbone) -> None:
    arrays, _, val = small.data()
    file = tmp_path / "val.npy"
    np.save(file, np.full((len(val), 3), 7, np.float32))
    assert (cached.features(file, backbone, arrays, val.places, 4).take(np.arange(3)) == 7).all()


def test_what_was_not_finished_does_not_stand_there(tmp_path: Path, small, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays, _, val = small.data()
    chain, calls = validation.chain, []

    def fail(*given):
        calls.append(given)
        if len(calls) == 2:
            raise Killed
        return chain(*given)

    monkeypatch.setattr(validation, "chain", fail)
    with pytest.raises(Killed):
        cached.corrupted(tmp_path / "corrupted.npy", arrays, val)
    assert list(tmp_path.iterdir()) == []
