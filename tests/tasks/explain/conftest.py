"""Fixtures that several tests of explain share: networks whose answers are known by construction."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from tasks.train import network

Network = Callable[..., keras.Model]


@pytest.fixture(scope="session")
def with_head() -> Callable[[keras.KerasTensor, keras.KerasTensor], keras.Model]:
    """A classifier whose head passes the backbone's features on as logits, times `gain`."""

    def build(inputs: keras.KerasTensor, outputs: keras.KerasTensor, gain: float = 1.0) -> keras.Model:
        number = outputs.shape[-1]
        head = network.head(number, [], 0.2, 0.1, number)
        head.layers[-1].set_weights([gain * np.eye(number, dtype=np.float32), np.zeros(number, np.float32)])
        return network.classifier(keras.Model(inputs, outputs), head)

    return build


@pytest.fixture(scope="session")
def colours(with_head) -> Network:
    """The logits are the means of red, green and blue, times `gain`; the last map has 8 x 8 cells at 32 pixels."""

    def build(gain: float = 1.0, side: int = 32) -> keras.Model:
        inputs = layers.Input((side, side, 3))
        x = layers.Rescaling(1 / 255)(inputs)
        x = layers.AveragePooling2D(4, name="maps")(x)
        return with_head(inputs, layers.GlobalAveragePooling2D()(x), gain)

    return build


@pytest.fixture(scope="session")
def quadrants(with_head) -> keras.Model:
    """Class k's logit is the brightness of quadrant k of an image of 32 pixels, and of nothing else.

    Behind a map of 8 x 8 cells stands one of 1 x 1, whose weights alone know the place.
    """
    inputs = layers.Input((32, 32, 3))
    x = layers.Conv2D(4, 4, 4, use_bias=False, name="bright")(layers.Rescaling(1 / 255)(inputs))
    x = layers.DepthwiseConv2D(8, use_bias=False, name="where")(x)
    whole = with_head(inputs, layers.GlobalAveragePooling2D()(x))
    whole.get_layer("bright").set_weights([np.full((4, 4, 3, 4), 1 / 48, np.float32)])
    where = np.zeros((8, 8, 4, 1), np.float32)
    for k in range(4):
        where[4 * (k // 2) : 4 * (k // 2) + 4, 4 * (k % 2) : 4 * (k % 2) + 4, k] = 1 / 16
    whole.get_layer("where").set_weights([where])
    return whole
