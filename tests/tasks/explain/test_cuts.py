from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from tasks.backbones import build, table
from tasks.explain import cuts
from tasks.train import network

QUICK = ["custom_cnn", "efficientnet_lite0"]
NAMES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in table.NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_any_backbone_is_cut_at_a_map_and_both_parts_make_its_answer(name: str) -> None:
    keras.utils.set_random_seed(0)
    backbone = build.build(name, 96, "none", Path())
    whole = network.classifier(backbone, network.head(backbone.output_shape[-1], [8], 0.2, 0.1, 3))
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3)).astype(np.float32)
    _spread(whole, images)
    answer = whole(images, training=False).numpy()
    assert answer.std() > 0.05
    pooled = backbone(images, training=False).numpy()
    assert cuts.features(whole)(images, training=False).numpy() == pytest.approx(pooled, rel=1e-4, abs=1e-5)
    for cells in (1, 6, 12):
        below, above = cuts.at_map(whole, cells)
        logits = above(below(images, training=False), training=False)
        assert keras.ops.softmax(logits).numpy() == pytest.approx(answer, abs=1e-4)
        side = below.output.shape[1]
        assert max(cells, 3) <= side <= 2 * max(cells, 3)
        if cells == 1 and "convnext" not in name:  # its pooling is followed by a layer norm
            mean = below(images, training=False).numpy().mean(axis=(1, 2))
            assert mean == pytest.approx(pooled, rel=1e-3, abs=1e-4)


def _spread(whole: keras.Model, images: np.ndarray) -> None:
    """Make the answers differ: in a deep network of initial values all images end as the same, or as nothing."""
    for layer in whole.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    whole(images, training=True)  # batch norm takes the statistics of these images
    last = whole.layers[-1].layers[-1]
    hidden = keras.Model(whole.layers[-1].input, last.input)(cuts.features(whole)(images))
    kernel, bias = last.get_weights()
    last.set_weights([kernel / (hidden @ kernel).numpy().std(), bias])


def test_a_map_beside_a_skip_connection_is_passed_over(with_head) -> None:
    inputs = layers.Input((32, 32, 3))
    trunk = layers.Conv2D(4, 3, 4, padding="same", name="trunk")(inputs)
    branch = layers.Conv2D(4, 3, padding="same", name="branch")(trunk)
    added = layers.Add(name="added")([trunk, branch])
    small = layers.Conv2D(4, 3, 2, padding="same", name="small")(added)
    skipped = layers.Conv2D(4, 1, 2, name="skipped")(trunk)
    last = layers.Add(name="last")([small, skipped])
    whole = with_head(inputs, layers.GlobalAveragePooling2D()(last))
    assert cuts.at_map(whole, 1)[0].layers[-1].name == "last"
    # `added` is the last of 8 x 8, but what `skipped` hands on goes past it.
    assert cuts.at_map(whole, 8)[0].layers[-1].name == "trunk"


def test_a_padded_map_is_passed_over(with_head) -> None:
    inputs = layers.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, 4, padding="same", name="map")(inputs)
    x = layers.Conv2D(4, 3, 2, name="small")(layers.ZeroPadding2D(name="padded")(x))
    whole = with_head(inputs, layers.GlobalAveragePooling2D()(x))
    assert cuts.at_map(whole, 8)[0].layers[-1].name == "map"


def test_no_map_is_fine_enough(colours) -> None:
    with pytest.raises(ValueError, match="explain.map_size must be at most the side of a feature map of .*, got 64"):
        cuts.at_map(colours(), 64)


def test_a_network_without_a_head_is_an_error() -> None:
    inputs = layers.Input((32, 32, 3))
    with pytest.raises(ValueError, match="expected a network that ends in a head"):
        cuts.features(keras.Model(inputs, layers.GlobalAveragePooling2D()(inputs), name="bare"))
