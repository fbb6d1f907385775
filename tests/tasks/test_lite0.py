from pathlib import Path

import keras
import numpy as np
import pytest

from tasks import lite0, lite0_layout

WEIGHTS = Path("data/pretrained") / lite0_layout.WEIGHTS


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return lite0.build(96, WEIGHTS)


def test_it_has_the_published_number_of_parameters(network: keras.Model) -> None:
    assert network.count_params() == 3_413_024
    assert network.output_shape == (None, lite0_layout.FEATURES)


def test_the_weights_are_those_of_the_file(network: keras.Model) -> None:
    stem = network.get_layer("stem_conv").get_weights()[0]
    assert stem.shape == (3, 3, 3, 32)
    assert np.abs(stem).sum() > 0
    # Running statistics of a trained batch norm are neither 0 nor 1, as fresh ones are.
    *_, mean, variance = network.get_layer("block15_bn2").get_weights()
    assert np.abs(mean).max() > 0.1
    assert np.abs(variance - 1).max() > 0.1


def test_scaling_is_inside_the_network(network: keras.Model) -> None:
    scaled = keras.Model(network.input, network.get_layer("scale").output)
    assert scaled(np.full((1, 96, 96, 3), 127, np.float32)).numpy() == pytest.approx(0)
    assert scaled(np.full((1, 96, 96, 3), 255, np.float32)).numpy() == pytest.approx(1)


def test_features_tell_pictures_apart_and_repeat(network: keras.Model) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3)).astype(np.float32)
    one, two = network(pictures, training=False).numpy(), network(pictures, training=False).numpy()
    assert (one == two).all()
    assert (one >= 0).all()
    assert np.abs(one[0] - one[1]).max() > 0.1


def test_every_layer_with_weights_belongs_to_one_block(network: keras.Model) -> None:
    names = lite0.block_names()
    assert len(names) == 18
    for layer in network.layers:
        if layer.weights:
            assert sum(layer.name.startswith(prefix) for prefix in names) == 1


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no weights at .*absent.h5"):
        lite0.build(96, tmp_path / "absent.h5")


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    other = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3)])
    other.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(ValueError, match=r"other.weights.h5 does not hold the weights of EfficientNet-Lite0"):
        lite0.build(96, tmp_path / "other.weights.h5")
