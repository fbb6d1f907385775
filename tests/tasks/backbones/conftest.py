"""Fixtures for the tests of backbones."""

from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format
from numpy.typing import NDArray

Shake = Callable[[keras.Model], keras.Model]


@pytest.fixture(scope="session")
def images() -> NDArray[np.uint8]:
    """Two images of 64 x 64, 0 to 255, of 8 x 8 patches: in pure noise a deep network sees no difference."""
    patches = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    return patches.repeat(8, axis=1).repeat(8, axis=2)


@pytest.fixture(scope="session")
def shaken(images: NDArray[np.uint8]) -> Shake:
    """Moves weights off their initial values, as a training does, so that features depend on the images.

    Without statistics of its own in each batch norm, a deep network's signal fades: all images have one feature.
    """

    def shake(network: keras.Model) -> keras.Model:
        random = np.random.default_rng(1)
        norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
        drops = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
        before = [layer.momentum for layer in norms], [layer.rate for layer in drops]
        for layer in norms:
            layer.momentum = 0.0
            layer.beta.assign(random.uniform(-0.2, 0.2, layer.beta.shape))
        for layer in drops:
            layer.rate = 0.0
        network(images.astype(np.float32), training=True)
        for layer, momentum in zip(norms, before[0], strict=True):
            layer.momentum = momentum
            # Channels that hardly vary would make 1e-3 of the last bit of a pixel.
            layer.moving_variance.assign_add(0.3 * keras.ops.mean(layer.moving_variance))
        for layer, rate in zip(drops, before[1], strict=True):
            layer.rate = rate
        for weight in network.weights:
            if "layer_scale" in weight.path:
                weight.assign(random.uniform(0.5, 1.0, weight.shape))  # 1e-6 at first: the blocks would do nothing
        return network

    return shake


@pytest.fixture(scope="session")
def keras2() -> Callable[[keras.Model, Path], Path]:
    """Writes weights as Keras 2 did, and as keras.applications publish them."""

    def write(network: keras.Model, path: Path) -> Path:
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, network)
        return path

    return write
