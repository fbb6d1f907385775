"""Pooled features, and what is refused; each layer is looked at in tests/tasks/export/test_onnx.py."""

from pathlib import Path

import h5py
import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers

from tasks.onnx_network import network, stored

SIDE = 9


@pytest.fixture(scope="module")
def made() -> keras.Model:
    keras.utils.set_random_seed(1)
    inputs = layers.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(4, 3, name="early")(layers.Rescaling(1 / 255)(inputs))
    x = layers.Conv2D(5, 3, activation="relu", name="late")(x)
    head = keras.Sequential([layers.Input((5,)), layers.Dense(2, activation="softmax", name="answer")])
    head = keras.Model(head.inputs, head.outputs, name="head")
    return keras.Model(inputs, head(layers.GlobalAveragePooling2D()(x)))


@pytest.fixture(scope="module")
def file(made: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("stored") / "x.weights.h5"
    made.save_weights(file)
    return file


def test_features_are_the_layers_outputs_averaged_over_the_image(made: keras.Model, file: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
    written = network.write(made.get_config(), stored.weights(file), ["late", "early"])
    session = onnxruntime.InferenceSession(written.SerializeToString(), providers=["CPUExecutionProvider"])
    probabilities, features = session.run([network.PROBABILITIES, network.FEATURES], {network.IMAGES: images})
    maps = keras.Model(made.input, [made.get_layer(name).output for name in ("late", "early")])
    expected = np.concatenate([each.numpy().mean(axis=(1, 2)) for each in maps(images.astype(np.float32))], axis=1)
    assert (features.dtype, features.shape) == (np.float32, (3, 9))
    np.testing.assert_allclose(features, expected, atol=1e-6)
    np.testing.assert_allclose(probabilities, made(images.astype(np.float32)), atol=1e-6)


def test_a_layer_that_is_not_there_is_named(made: keras.Model, file: Path) -> None:
    with pytest.raises(ValueError, match="the network has no layer middle, whose output was to be pooled"):
        network.write(made.get_config(), stored.weights(file), ["early", "middle"])


def test_a_layer_without_its_weights_is_named(made: keras.Model, file: Path) -> None:
    left = {path: arrays for path, arrays in stored.weights(file).items() if path != ("late",)}
    with pytest.raises(ValueError, match=r"layer late \(Conv2D\) cannot be written as ONNX: expected config and"):
        network.write(made.get_config(), left)


def test_weights_are_those_of_each_layer_by_name(made: keras.Model, file: Path) -> None:
    found = stored.weights(file)
    for layer in ("early", "late"):
        for mine, own in zip(found[layer,], made.get_layer(layer).get_weights(), strict=True):
            np.testing.assert_array_equal(mine, own)
    assert [array.shape for array in found["head", "answer"]] == [(5, 2), (2,)]


def text(file: Path) -> None:
    file.write_text("x")


def strange(file: Path) -> None:
    with h5py.File(file, "w") as stored:
        stored["layers/dense/weights"] = np.zeros(3)


@pytest.mark.parametrize("write", [text, strange], ids=["no h5", "another h5"])
def test_a_file_of_something_else_is_named(tmp_path: Path, write) -> None:
    write(tmp_path / "w.h5")
    with pytest.raises(ValueError, match="w.h5: expected weights as Keras saves them: "):
        stored.weights(tmp_path / "w.h5")
