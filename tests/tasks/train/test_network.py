import keras
import numpy as np
import pytest

from tasks.train import network


def test_the_head_has_the_report_s_layers() -> None:
    head = network.head(40, [256, 128, 64], 0.2, 0.1, 8)
    kinds = [type(layer).__name__ for layer in head.layers]
    assert kinds == ["InputLayer", "Dropout", *["Dense", "LeakyReLU", "Dropout"] * 3, "Dense"]
    assert [layer.units for layer in head.layers if isinstance(layer, keras.layers.Dense)] == [256, 128, 64, 8]
    assert [layer.rate for layer in head.layers if isinstance(layer, keras.layers.Dropout)] == [0.2, 0.1, 0.1, 0.1]
    assert head(np.zeros((2, 40), np.float32)).numpy().sum(axis=1) == pytest.approx(1)


def test_the_classifier_is_backbone_and_head_with_the_same_layers() -> None:
    inputs = keras.layers.Input((8, 8, 3))
    backbone = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(5, 3)(inputs)))
    head = network.head(5, [4], 0.5, 0.5, 2)
    whole = network.classifier(backbone, head)
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype(np.float32)
    assert (whole(images).numpy() == head(backbone(images)).numpy()).all()
    head.set_weights([weight + 1 for weight in head.get_weights()])
    assert (whole(images).numpy() == head(backbone(images)).numpy()).all()


def test_probabilities_are_float32_under_mixed_precision() -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert network.head(4, [3], 0, 0, 2)(np.zeros((1, 4), np.float32)).dtype == "float32"
    finally:
        keras.config.set_dtype_policy(before)
