from pathlib import Path

import keras
import numpy as np
import pytest

from tasks import lite0, lite0_layout
from tasks.train import network


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    return lite0.build(32, Path("data/pretrained") / lite0_layout.WEIGHTS)


def test_the_head_has_the_report_s_layers() -> None:
    head = network.head([256, 128, 64], 0.2, 0.1, 8)
    kinds = [type(layer).__name__ for layer in head.layers]
    assert kinds == ["InputLayer", "Dropout", *["Dense", "LeakyReLU", "Dropout"] * 3, "Dense"]
    assert [layer.units for layer in head.layers if isinstance(layer, keras.layers.Dense)] == [256, 128, 64, 8]
    assert head(np.zeros((2, lite0_layout.FEATURES), np.float32)).numpy().sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("blocks", "first"), [(0, None), (1, "top_conv"), (2, "block15_expand_conv"), (18, "stem_conv")]
)
def test_the_last_blocks_learn_and_batch_norm_never(backbone: keras.Model, blocks: int, first: str | None) -> None:
    names = network.unfreeze(backbone, blocks)
    assert (names[0] if names else None) == first
    assert not any("_bn" in name for name in names)
    learning = {layer.name for layer in backbone.layers if layer.trainable_weights}
    assert learning == set(names)


def test_batch_norm_keeps_its_statistics_in_training(backbone: keras.Model) -> None:
    network.unfreeze(backbone, 18)
    whole = network.classifier(backbone, network.head([8], 0, 0, 2))
    before = backbone.get_layer("stem_bn").get_weights()
    conv = backbone.get_layer("stem_conv").get_weights()[0]
    whole.compile("sgd", "sparse_categorical_crossentropy")
    pictures = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    whole.fit(pictures, np.array([0, 0, 0, 1]), verbose=0)
    for old, new in zip(before, backbone.get_layer("stem_bn").get_weights(), strict=True):
        assert (old == new).all()
    assert (conv != backbone.get_layer("stem_conv").get_weights()[0]).any()
