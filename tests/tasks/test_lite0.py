from pathlib import Path

import keras
import numpy as np
import pytest

from tasks import lite0_layout
from tasks.backbones.build import build

WEIGHTS = Path("data/pretrained") / lite0_layout.WEIGHTS


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return build("efficientnet_lite0", 96, str(WEIGHTS), WEIGHTS.parent)


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


def test_features_tell_images_apart_and_repeat(network: keras.Model) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3)).astype(np.float32)
    one, two = network(images, training=False).numpy(), network(images, training=False).numpy()
    assert (one == two).all()
    assert (one >= 0).all()
    assert np.abs(one[0] - one[1]).max() > 0.1
