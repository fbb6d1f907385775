import re
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.backbones import build, files, table

QUICK = {"custom_cnn", "efficientnet_b0"}
MARKED = [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in table.NAMES]


def made(name: str, weights: str = "none") -> keras.Model:
    return build.build(name, 64, weights, Path("absent"))


@pytest.mark.parametrize("name", MARKED)
def test_what_was_saved_is_loaded(name: str, tmp_path: Path, images: NDArray[np.uint8], shaken: Callable) -> None:
    saved = shaken(made(name))
    saved.save_weights(tmp_path / "own.weights.h5")
    loaded = made(name, str(tmp_path / "own.weights.h5"))
    for old, new in zip(saved.get_weights(), loaded.get_weights(), strict=True):
        assert (old == new).all()
    assert (loaded(images).numpy() == saved(images).numpy()).all()


def test_a_model_that_keras_2_saved_whole_is_loaded(tmp_path: Path, images: NDArray[np.uint8]) -> None:
    saved = made("custom_cnn")
    saved.save(tmp_path / "whole.h5")
    assert (made("custom_cnn", str(tmp_path / "whole.h5"))(images).numpy() == saved(images).numpy()).all()


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory, keras2: Callable) -> Path:
    """Files of networks that are not the one asked for."""
    folder = tmp_path_factory.mktemp("others")
    b0, cnn = made("efficientnet_b0"), made("custom_cnn")
    b0.save_weights(folder / "b0.weights.h5")
    keras2(b0, folder / "b0.h5")
    made("mobilenetv3_small").save_weights(folder / "mobile.weights.h5")
    topped = keras.Model(cnn.input, keras.layers.Dense(8, name="head")(cnn.output))
    topped.save_weights(folder / "topped.weights.h5")
    keras2(topped, folder / "topped.h5")
    b0.get_layer(index=[type(layer).__name__ for layer in b0.layers].index("Normalization")).set_weights(
        [np.full(3, 0.5), np.full(3, 0.25), np.array(7)]
    )
    b0.save_weights(folder / "adapted.weights.h5")
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save_weights(folder / "dense.weights.h5")
    (folder / "text.weights.h5").write_text("no weights")
    return folder


@pytest.mark.parametrize(
    ("name", "file", "message"),
    [
        ("custom_cnn", "b0.weights.h5", "block1_a_conv: expected (3, 3, 3, 24), found (3, 3, 3, 32); block1_a_bn: "),
        ("custom_cnn", "b0.h5", "block1_a_conv: expected (3, 3, 3, 24), found (3,); "),
        ("custom_cnn", "topped.weights.h5", "layers/dense/vars/0: expected nothing, found (192, 8); "),
        ("custom_cnn", "topped.h5", "head: expected nothing, found (192, 8); head: expected nothing, found (8,)"),
        ("custom_cnn", "dense.weights.h5", "block1_a_conv: expected (3, 3, 3, 24), found nothing; "),
        ("custom_cnn", "text.weights.h5", "text.weights.h5 is no HDF5 file of weights"),
        (
            "mobilenetv3_large",
            "mobile.weights.h5",
            "expanded_conv_project: expected (1, 1, 16, 16), found ",
        ),
        ("efficientnet_b1", "b0.weights.h5", "block1b_bn: expected (16,), found "),
        ("efficientnet_b0", "adapted.weights.h5", "or 0 and 1 in normalization"),
    ],
)
def test_weights_of_another_network_are_refused(others: Path, name: str, file: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        made(name, str(others / file))
    assert str(others / file) in str(raised.value)


def test_a_long_list_of_differences_is_cut(others: Path) -> None:
    with pytest.raises(ValueError, match=r"does not hold the weights of custom_cnn: .*; \d{2,} more differ$") as raised:
        made("custom_cnn", str(others / "b0.weights.h5"))
    assert str(raised.value).count("expected") == files.SHOWN


@pytest.mark.parametrize("file", ["topped.weights.h5", "topped.h5", "b0.h5", "mobile.weights.h5"])
def test_a_file_that_is_refused_changes_nothing(others: Path, file: str) -> None:
    network = made("custom_cnn")
    before = network.get_weights()
    with pytest.raises(ValueError, match="does not hold the weights of custom_cnn"):
        files.load(network, others / file)
    for old, new in zip(before, network.get_weights(), strict=True):
        assert (old == new).all()


def test_an_absent_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no weights at absent/own.weights.h5"):
        made("custom_cnn", "absent/own.weights.h5")
