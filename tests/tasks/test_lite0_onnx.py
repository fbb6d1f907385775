from pathlib import Path

import h5py
import numpy as np
import pytest

from tasks import lite0_layout
from tasks.backbones.build import build
from tasks.lite0_onnx import Embedder

WEIGHTS = Path("data/pretrained") / lite0_layout.WEIGHTS


@pytest.mark.parametrize("side", [32, 96, 101])
def test_the_features_are_those_of_keras(side: int) -> None:
    pixels = np.random.default_rng(side).integers(0, 256, (3, side, side, 3), np.uint8)
    expected = build("efficientnet_lite0", side, str(WEIGHTS), WEIGHTS.parent)(
        pixels.astype(np.float32), training=False
    )
    found = Embedder(WEIGHTS)(pixels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_the_same_images_have_the_same_bits() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    assert (Embedder(WEIGHTS)(pixels) == Embedder(WEIGHTS)(pixels)).all()


def test_without_weights_the_error_says_where_they_belong(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no weights at .*absent.weights.h5: put the file"):
        Embedder(tmp_path / "absent.weights.h5")


@pytest.mark.parametrize("content", ["text", "other-layers"])
def test_weights_of_something_else_are_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.weights.h5"
    if content == "text":
        file.write_text("no weights")
    else:
        with h5py.File(file, "w") as written:
            written.create_group("layers/dense/vars")["0"] = np.zeros(3)
    with pytest.raises(ValueError, match="does not hold the weights of EfficientNet-Lite0"):
        Embedder(file)


def test_weights_of_the_same_layers_in_other_shapes_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.weights.h5"
    file.write_bytes(WEIGHTS.read_bytes())
    with h5py.File(file, "r+") as written:
        kernel = written["layers/conv2d/vars/0"]
        del written["layers/conv2d/vars"]["0"]
        written["layers/conv2d/vars"]["0"] = np.asarray(kernel)[:, :, :, :16]
    with pytest.raises(ValueError, match="does not hold the weights of EfficientNet-Lite0"):
        Embedder(file)
