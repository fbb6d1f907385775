"""Each network and each layer against Keras; layers are looked at one at a time, before a head that sees all of it."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.applications import densenet
from numpy.typing import NDArray

from tasks import model
from tasks import onnx_graph as graph
from tasks.backbones import build, table
from tasks.export import onnx
from tasks.onnx_network import layers as converters
from tasks.onnx_network.network import IMAGES, PROBABILITIES
from tasks.train import network as networks

# A network of each family, and the layer at which it may be cut: what comes then repeats what came before.
FAMILIES = {
    "custom_cnn": "pooled",
    "efficientnet_lite0": "block4_add",
    "efficientnet_b0": "block4b_add",
    "convnext_tiny": "convnext_tiny_stage_1_block_1_identity",
    "vgg16": "block4_conv1",
    "resnet50": "conv3_block2_out",
    "mobilenetv3_small": "expanded_conv_7_project_bn",
}


def cells(number: int, side: int) -> NDArray[np.uint8]:
    """Blotches of colour."""
    patches = np.random.default_rng(7).integers(0, 256, (number, -(-side // 8), -(-side // 8), 3), np.uint8)
    return patches.repeat(8, axis=1).repeat(8, axis=2)[:, :side, :side]


def headed(inputs: keras.KerasTensor, x: keras.KerasTensor) -> keras.Model:
    return keras.Model(inputs, layers.Dense(3, activation="softmax", name="answer")(x))


def shaken(network: keras.Model, images: NDArray[np.uint8]) -> keras.Model:
    """Statistics of its own in each batch norm, for with none a deep network's signal fades; no weight is 0 or 1."""
    random = np.random.default_rng(1)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
            if layer.center:
                layer.beta.assign(random.uniform(-0.2, 0.2, layer.beta.shape))
        if "layer_scale" in layer.name:
            layer.gamma.assign(random.uniform(0.5, 1.0, layer.gamma.shape))
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    network(images.astype(np.float32), training=True)
    return network


def agrees(network: keras.Model, images: NDArray[np.uint8]) -> None:
    expected = network(images.astype(np.float32), training=False).numpy()
    found = onnx.run(onnx.convert(network, {}), images)
    assert found.dtype == np.float32
    assert expected.std(axis=0).max() > 1e-3, "it answers all images alike, so that nothing is compared"
    assert np.abs(found - expected).max() <= 1e-4


@pytest.mark.parametrize(("name", "last"), FAMILIES.items(), ids=FAMILIES)
def test_a_network_of_each_family_may_be_stored_and_says_what_keras_says(name: str, last: str) -> None:
    keras.utils.set_random_seed(1)
    backbone = build.build(name, 32, "none", Path("absent"))
    model._check_layers(backbone.get_config())  # here, where each family is built: `model.load` takes all of them
    x = backbone.get_layer(last).output
    network = headed(backbone.input, layers.GlobalAveragePooling2D()(x) if len(x.shape) == 4 else x)
    agrees(shaken(network, cells(24, 32)), cells(24, 32))


def test_a_short_densenet_says_what_keras_says() -> None:
    keras.utils.set_random_seed(1)
    inputs = layers.Input((32, 32, 3))
    scaled = layers.Rescaling([1 / 58, 1 / 57, 1 / 57], offset=[-2.1, -2.0, -1.8])(inputs)
    dense = densenet.DenseNet([2, 1, 1, 2], False, None, scaled, (32, 32, 3), "avg")
    model._check_layers(dense.get_config())
    agrees(shaken(headed(inputs, dense.output), cells(24, 32)), cells(24, 32))


@pytest.mark.long
@pytest.mark.parametrize("name", table.NAMES)
def test_every_backbone_with_its_head_says_what_keras_says(name: str) -> None:
    keras.utils.set_random_seed(1)
    backbone = build.build(name, 96, "none", Path("absent"))
    network = networks.classifier(backbone, networks.head(backbone.output_shape[-1], [16, 8], 0.2, 0.1, 8))
    agrees(shaken(network, cells(100, 96)), cells(100, 96))


def test_a_nested_head_and_a_batch_of_any_size() -> None:
    keras.utils.set_random_seed(1)
    inputs = layers.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3)(layers.Rescaling(1 / 255)(inputs)))
    network = networks.classifier(keras.Model(inputs, x), networks.head(6, [5], 0.2, 0.1, 3))
    made = onnx.convert(network, {"classes": "[]"})
    for number in (1, 5):
        images = cells(number, 8)
        assert np.abs(onnx.run(made, images) - network(images.astype(np.float32)).numpy()).max() <= 1e-5
    assert {prop.key: prop.value for prop in made.metadata_props} == {"classes": "[]"}
    (given,), (answer,) = made.graph.input, made.graph.output
    assert (given.name, answer.name) == (IMAGES, PROBABILITIES)
    shape = [dimension.dim_param or dimension.dim_value for dimension in given.type.tensor_type.shape.dim]
    assert shape == ["n", 8, 8, 3]


Call = Callable[[keras.KerasTensor], keras.KerasTensor]
ONE = {
    "conv-strided-same": layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
    "conv-dilated-grouped": layers.Conv2D(6, 3, dilation_rate=2, groups=3, use_bias=False),
    "depthwise-multiplied": layers.DepthwiseConv2D(3, depth_multiplier=2, bias_initializer="ones"),
    "depthwise-strided-same": layers.DepthwiseConv2D(3, strides=2, padding="same"),
    "dense-on-maps": layers.Dense(4, activation="silu", bias_initializer="ones"),
    "dense-without-bias": lambda x: layers.Dense(4, use_bias=False)(layers.Flatten()(x)),
    "norm-bare": layers.BatchNormalization(center=False, scale=False),
    "norm-of-features": lambda x: layers.BatchNormalization()(layers.Flatten()(x)),
    "layer-norm-of-maps": layers.LayerNormalization(epsilon=0.1, gamma_initializer="random_normal"),
    "layer-norm-of-features": lambda x: layers.LayerNormalization(center=False, scale=False)(layers.Flatten()(x)),
    "normalization": layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 4.0]),
    "rescaling-by-channel": layers.Rescaling([1.0, 2.0, 3.0], offset=[0.3, 0.2, 0.1]),
    "rescaling-of-features": lambda x: layers.Rescaling(2.0, offset=1.0)(layers.Flatten()(x)),
    "relu6": lambda x: layers.ReLU(6.0)(layers.Rescaling(20.0, -10.0)(x)),
    "relu": lambda x: layers.ReLU()(layers.Rescaling(20.0, -10.0)(x)),
    "leaky-relu": lambda x: layers.LeakyReLU(0.3)(layers.Rescaling(20.0, -10.0)(x)),
    "softmax-of-maps": lambda x: layers.Softmax()(layers.Rescaling(5.0)(x)),
    "max-pooling-same": layers.MaxPooling2D(2, padding="same"),
    "max-pooling-overlapping": layers.MaxPooling2D(3, strides=1),
    "average-pooling-same": layers.AveragePooling2D(2, padding="same"),
    "global-max-kept": layers.GlobalMaxPooling2D(keepdims=True),
    "global-average": layers.GlobalAveragePooling2D(),
    "padding-uneven": lambda x: layers.Conv2D(2, 3)(layers.ZeroPadding2D(((0, 1), (2, 3)))(x)),
    "reshape-of-maps": layers.Reshape((27, 9, 1)),
    "reshape-to-maps": lambda x: layers.Conv2D(2, 3)(layers.Reshape((27, 3, 3))(layers.Flatten()(x))),
    "concatenate": lambda x: layers.Concatenate()([x, layers.Conv2D(2, 1)(x), x]),
    "add-of-three": lambda x: layers.Add()([x, layers.Conv2D(3, 1)(x), x]),
    "gate": lambda x: layers.Multiply()([x, layers.GlobalMaxPooling2D(keepdims=True)(x)]),
    "numbers": lambda x: (x + 3.0) * 0.25 + x * x,
    "flip": lambda x: keras.ops.flip(x, axis=-1),
    **{f"activation-{name}": layers.Activation(name) for name in converters.ACTIVATIONS},
}


@pytest.mark.parametrize("call", ONE.values(), ids=ONE)
def test_a_layer_does_what_it_does_in_keras(call: Call) -> None:
    keras.utils.set_random_seed(1)
    inputs = layers.Input((9, 9, 3))
    x = call(layers.Rescaling(1 / 100, offset=-1.0)(inputs))
    network = headed(inputs, layers.Flatten()(x) if len(x.shape) == 4 else x)
    agrees(shaken(network, cells(6, 9)), cells(6, 9))


def test_every_layer_of_the_table_was_looked_at() -> None:
    seen = {"Dropout", "LayerScale", "Activation"}  # a head's, ConvNeXt's, the families'
    for call in ONE.values():
        inputs = layers.Input((9, 9, 3))
        x = layers.Dense(1)(layers.Flatten()(call(inputs)))
        seen |= {type(one).__name__ for one in keras.Model(inputs, x).operations}
    assert set(converters.CONVERTERS) <= seen


def twice(x: keras.KerasTensor) -> keras.KerasTensor:
    shared = layers.Conv2D(3, 1, name="one")
    return shared(shared(x))


REFUSED = {
    "unknown": (layers.Permute((2, 1, 3), name="one"), r"layer one \(Permute\) cannot .* ONNX: expected one of Act"),
    "activation": (layers.Conv2D(2, 1, activation="tanh", name="one"), r"layer one \(Conv2D\) .*, got tanh"),
    "norm-axis": (layers.BatchNormalization(axis=1, name="one"), r"layer one .*: expected the last axis, got 1"),
    "layer-norm-axis": (layers.LayerNormalization(axis=(1, 2), name="one"), r"expected the last axis, got \[1, 2\]"),
    "slope": (layers.ReLU(negative_slope=0.1, name="one"), r"layer one .*: expected slope and threshold 0, got 0.1"),
    "inverted": (layers.Normalization(mean=0.0, variance=1.0, invert=True, name="one"), r"layer one .* invert=False"),
    "softmax-axis": (layers.Softmax(axis=1, name="one"), r"layer one .*: expected the last axis, got 1"),
    "concatenate-axis": (lambda x: layers.Concatenate(axis=1, name="one")([x, x]), r"one .* the last axis, got 1"),
    "flip-axis": (lambda x: keras.ops.flip(x, axis=1), r"layer flip.* expected the last axis, got 1"),
    "channels-first": (layers.MaxPooling2D(2, data_format="channels_first", name="one"), "layer one .* channels_first"),
    "ranks": (lambda x: layers.Add(name="one")([x, layers.Dense(3)(layers.Flatten()(x))]), "layer one .* of one rank"),
    "shared": (twice, r"layer one \(Conv2D\) .*: expected one call of it, got 2"),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_written_is_named(call: Call, message: str) -> None:
    inputs = layers.Input((9, 9, 3))
    network = headed(inputs, layers.Flatten()(call(inputs)))
    with pytest.raises(ValueError, match=message):
        onnx.convert(network, {})


@pytest.mark.parametrize("wrong", [0.5, float("nan")], ids=["other", "no number"])
def test_a_file_that_says_something_else_is_not_given_away(monkeypatch: pytest.MonkeyPatch, wrong: float) -> None:
    inputs = layers.Input((9, 9, 3))
    network = headed(inputs, layers.Flatten()(layers.Rescaling(1 / 255)(inputs)))

    def scaled(graph: graph.Graph, layer: layers.Layer, given: list[graph.Value]) -> str:
        return graph.node("Mul", given[0].name, graph.constant(wrong))

    monkeypatch.setitem(converters.CONVERTERS, "Rescaling", scaled)
    with pytest.raises(ValueError, match="probabilities differ from Keras' by .*, expected 0.0001"):
        onnx.convert(network, {})
