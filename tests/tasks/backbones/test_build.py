import json
import re
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.backbones import build, table

# Published: the parameters without the top, by keras.applications; but for the two last, which are this project's.
PARAMETERS = {
    "efficientnet_b0": 4_049_571,
    "efficientnet_b1": 6_575_239,
    "efficientnet_b2": 7_768_569,
    "efficientnet_b3": 10_783_535,
    "efficientnetv2_b0": 5_919_312,
    "efficientnetv2_b1": 6_931_124,
    "efficientnetv2_b2": 8_769_374,
    "efficientnetv2_b3": 12_930_622,
    "efficientnetv2_s": 20_331_360,
    "convnext_tiny": 27_820_128,
    "convnext_small": 49_454_688,
    "densenet121": 7_037_504,
    "vgg16": 14_714_688,
    "resnet50": 23_587_712,
    "mobilenetv3_small": 939_120,
    "mobilenetv3_large": 2_996_352,
    "efficientnet_lite0": 3_413_024,
    "custom_cnn": 1_057_032,
}
QUICK = ["custom_cnn", "efficientnet_lite0", "efficientnet_b0", "vgg16"]
# One of each family: its layers are named alike in all of its sizes.
FAMILIES = [*QUICK, "efficientnetv2_b0", "convnext_tiny", "resnet50", "mobilenetv3_small"]


def of_all(quick: list[str]) -> pytest.MarkDecorator:
    """For every network; those not named take long."""
    marked = [name if name in quick else pytest.param(name, marks=pytest.mark.long) for name in table.NAMES]
    return pytest.mark.parametrize("network", marked, indirect=True, scope="module")


every, with_long = of_all(FAMILIES), of_all(QUICK)


@pytest.fixture(scope="module")
def network(request: pytest.FixtureRequest) -> keras.Model:
    return build.build(request.param, 64, "none", Path("absent"))


def with_weights(network: keras.Model) -> list[keras.Layer]:
    return [layer for layer in network.layers if layer.weights]


def is_scaling(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.Normalization)


@every
def test_it_has_the_published_number_of_parameters_and_is_flat(network: keras.Model) -> None:
    assert network.count_params() == PARAMETERS[network.name]
    assert not any(isinstance(layer, keras.Model) for layer in network.layers)
    assert network.input_shape == (None, 64, 64, 3)
    assert network.output.dtype == "float32"


@every
def test_each_layer_with_weights_belongs_to_one_block(network: keras.Model) -> None:
    patterns = table.row(network.name).blocks.values()
    order = []
    for layer in with_weights(network):
        found = [place for place, pattern in enumerate(patterns) if re.match(pattern, layer.name)]
        assert len(found) == (0 if is_scaling(layer) else 1), layer.name
        order += found
    assert order == sorted(order), "a block has layers behind those of the next"
    assert set(order) == set(range(len(patterns)))


@every
@pytest.mark.parametrize("layers", ["conv", "all"])
def test_the_last_blocks_learn_and_batch_norm_never(network: keras.Model, layers: str) -> None:
    blocks = table.blocks(network.name)
    for last in range(len(blocks) + 1):
        backbone_names = build.unfreeze(network, network.name, last, layers)
        assert [layer.name for layer in network.layers if layer.trainable_weights] == backbone_names
        learning = {table.block_of(network.name, name) for name in backbone_names}
        assert learning == set(range(len(blocks) - last, len(blocks)))
    kinds = {type(network.get_layer(name)).__name__ for name in backbone_names}
    convolutions = {"Conv2D", "DepthwiseConv2D", "Dense"}
    assert kinds <= convolutions if layers == "conv" else kinds <= {*convolutions, "LayerNormalization", "LayerScale"}
    frozen = {type(layer).__name__ for layer in with_weights(network) if layer.name not in backbone_names}
    allowed = {"BatchNormalization", "Normalization"}
    assert frozen <= (allowed | {"LayerNormalization", "LayerScale"} if layers == "conv" else allowed)


@with_long
def test_it_comes_back_from_its_description(network: keras.Model, images: NDArray[np.uint8], shaken: Callable) -> None:
    shaken(network)
    loaded = keras.Model.from_config(json.loads(json.dumps(network.get_config())))
    expected = network(images, training=False).numpy()
    assert expected.dtype == np.float32
    assert expected.shape == (2, network.output_shape[-1])
    assert np.isfinite(expected).all()
    assert np.abs(loaded(images).numpy() - expected).max() > 1e-3, "the new one has other weights"
    loaded.set_weights(network.get_weights())
    assert np.abs(loaded(images).numpy() - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("network", "layers"),
    [
        ("custom_cnn", "conv"),
        ("custom_cnn", "all"),
        pytest.param("mobilenetv3_small", "conv", marks=pytest.mark.long),
        ("mobilenetv3_small", "all"),
    ],
    indirect=["network"],
    scope="module",
)
def test_a_step_of_training_moves_what_may_learn_alone(
    network: keras.Model, layers: str, images: NDArray[np.uint8], shaken: Callable
) -> None:
    names = build.unfreeze(network, network.name, 2, layers)
    whole = keras.Model(shaken(network).input, keras.layers.Dense(2, activation="softmax")(network.output))
    before = {layer.name: layer.get_weights() for layer in with_weights(network)}
    whole.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    whole.fit(images, np.array([0, 1]), verbose=0)
    moved = [
        layer.name
        for layer in with_weights(network)
        if any((old != new).any() for old, new in zip(before[layer.name], layer.get_weights(), strict=True))
    ]
    assert moved == names


@with_long
def test_images_may_be_uint8_or_float32(network: keras.Model, images: NDArray[np.uint8]) -> None:
    expected = network(images.astype(np.float32)).numpy()
    assert (network(images).numpy() == expected).all()
    np.testing.assert_allclose(network.predict(images, verbose=0), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "efficientnet_b0", "vgg16"])
def test_features_are_float32_with_mixed_precision_too(name: str, images: NDArray[np.uint8]) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build.build(name, 64, "none", Path("absent"))
    finally:
        keras.config.set_dtype_policy("float32")
    assert any(layer.compute_dtype == "bfloat16" for layer in with_weights(network))
    assert network(images).numpy().dtype == np.float32


@pytest.mark.parametrize(
    ("blocks", "layers", "message"),
    [
        (-1, "conv", "blocks must be 0 to 5, the blocks of custom_cnn, got -1"),
        (6, "all", "blocks must be 0 to 5, the blocks of custom_cnn, got 6"),
        (1, "bn", "layers must be conv, all or scratch, got 'bn'"),
    ],
)
@pytest.mark.parametrize("network", ["custom_cnn"], indirect=True, scope="module")
def test_what_cannot_be_unfrozen_is_refused(network: keras.Model, blocks: int, layers: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build.unfreeze(network, "custom_cnn", blocks, layers)


def test_a_backbone_frozen_as_a_whole_can_be_unfrozen() -> None:
    network = build.build("custom_cnn", 32, "none", Path("absent"))
    network.trainable = False
    build.unfreeze(network, "custom_cnn", 1, "conv")
    assert [weight.path for weight in network.trainable_weights] == ["block5_a_conv/kernel", "block5_b_conv/kernel"]


@pytest.mark.parametrize(
    ("name", "image_size", "weights", "message"),
    [
        ("vgg19", 64, "none", "backbone must be one of .*, got 'vgg19'"),
        ("vgg16", 31, "none", "image_size must be at least 32 for vgg16, got 31"),
        ("custom_cnn", 64, "imagenet", "no ImageNet weights of custom_cnn: weights must be none or a path"),
    ],
)
def test_what_cannot_be_built_is_refused(name: str, image_size: int, weights: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build.build(name, image_size, weights, Path("absent"))
