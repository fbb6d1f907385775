"""Published weights, against keras.applications itself: files as it reads them, with values of our own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tasks import lite0, lite0_layout
from tasks.backbones import build, scaling, table

GET_FILE = "keras.src.utils.file_utils.get_file"
QUICK = {"efficientnet_b0", "vgg16"}
PUBLISHED = [name for name in table.NAMES if table.row(name).builder]
MARKED = [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in PUBLISHED]
PREPROCESS = {
    "vgg16": keras.applications.vgg16,
    "resnet50": keras.applications.resnet50,
    "densenet121": keras.applications.densenet,
}


def reference(name: str, weights: str | None) -> keras.Model:
    builder = getattr(keras.applications, table.row(name).builder)
    return builder(weights=weights, include_top=False, pooling="avg", input_shape=(64, 64, 3))


def published(name: str, folder: Path, shaken: Callable, keras2: Callable) -> Path:
    """A file as it is published: in EfficientNet's, ImageNet's deviation stands in for the variance."""
    network = reference(name, None)
    stored = [layer for layer in network.layers if isinstance(layer, keras.layers.Normalization) and layer.weights]
    for layer in stored:
        layer.set_weights([np.array(scaling.MEAN), np.square(scaling.STD), np.array(0)])
        layer.finalize_state()
    shaken(network)
    for layer in stored:
        layer.set_weights([np.array(scaling.MEAN), np.array(scaling.STD), np.array(0)])
    return keras2(network, folder / table.row(name).published)


@pytest.mark.parametrize("name", MARKED)
@pytest.mark.filterwarnings("ignore:.input_shape. is undefined:UserWarning")
def test_features_are_those_of_keras_applications(
    name: str,
    tmp_path: Path,
    images: NDArray[np.uint8],
    shaken: Callable,
    keras2: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = published(name, tmp_path, shaken, keras2)
    asked = []

    def get_file(fname: str, *args: Any, **kwargs: Any) -> str:
        asked.append(fname)
        return str(file)

    monkeypatch.setattr(GET_FILE, get_file)
    pixels = images.astype(np.float32)
    prepared = PREPROCESS[name].preprocess_input(pixels.copy()) if name in PREPROCESS else pixels
    expected = reference(name, "imagenet")(prepared, training=False).numpy()
    assert np.abs(expected[0] - expected[1]).max() > 1e-3, "features that do not see the image prove nothing"
    for how, weights, folder in [("file", "imagenet", tmp_path), ("path", str(file), Path("absent"))]:
        found = build.build(name, 64, weights, folder)(images, training=False).numpy()
        assert np.abs(found - expected).max() <= 1e-5 * max(1, np.abs(expected).max()), how
    assert asked == [table.row(name).published], "the file in the folder is enough"
    found = build.build(name, 64, "imagenet", Path("absent"))(images, training=False).numpy()
    assert np.abs(found - expected).max() <= 1e-5 * max(1, np.abs(expected).max()), "by Keras' cache"


@pytest.mark.parametrize("name", ["efficientnet_b0", "mobilenetv3_small"])
@pytest.mark.filterwarnings("ignore:.input_shape. is undefined:UserWarning")
def test_without_a_network_the_error_says_which_file_goes_where(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get_file(*args: Any, **kwargs: Any) -> str:
        raise Exception("URL fetch failure")

    monkeypatch.setattr(GET_FILE, get_file)
    wanted = f"no ImageNet weights of {name}: put the file {table.row(name).published} into the folder {tmp_path} "
    with pytest.raises(FileNotFoundError, match=wanted):
        build.build(name, 64, "imagenet", tmp_path)


def test_lite0_has_its_shipped_file_or_none(tmp_path: Path, images: NDArray[np.uint8]) -> None:
    file = Path("data/pretrained") / lite0_layout.WEIGHTS
    network = lite0.build(64)
    network.load_weights(file)
    expected = network(images.astype(np.float32), training=False).numpy()
    for weights in ("imagenet", str(file)):
        assert (build.build("efficientnet_lite0", 64, weights, file.parent)(images).numpy() == expected).all()
    with pytest.raises(FileNotFoundError, match=f"put the file {lite0_layout.WEIGHTS} into the folder {tmp_path}"):
        build.build("efficientnet_lite0", 64, "imagenet", tmp_path)


def test_the_weights_of_densenet_that_are_included_are_those_of_keras_applications(images: NDArray[np.uint8]) -> None:
    included = build.build("densenet121", 64, "imagenet", Path("data/pretrained"))
    network = reference("densenet121", None)
    network.load_weights(Path("data/pretrained") / table.row("densenet121").published)
    prepared = keras.applications.densenet.preprocess_input(images.astype(np.float32))
    np.testing.assert_allclose(included(images).numpy(), network(prepared, training=False).numpy(), atol=1e-4)


def test_efficientnet_sees_the_same_pixels_whatever_the_weights(
    tmp_path: Path, images: NDArray[np.uint8], shaken: Callable, keras2: Callable
) -> None:
    # A training in mixed precision ends in a network with weights "none", given those of the trained one.
    published("efficientnet_b0", tmp_path, shaken, keras2)
    trained = build.build("efficientnet_b0", 64, "imagenet", tmp_path)
    fresh = build.build("efficientnet_b0", 64, "none", tmp_path)
    fresh.set_weights(trained.get_weights())
    assert (fresh(images).numpy() == trained(images).numpy()).all()


def scaled(name: str) -> keras.Model:
    """From images to what the first convolution, or the padding before it, takes."""
    network = build.build(name, 64, "none", Path("absent"))
    first = next(
        layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.ZeroPadding2D)
    )
    return keras.Model(network.input, first.input)


@pytest.mark.parametrize("name", ["vgg16", "resnet50"])
def test_caffe_scaling_is_that_of_keras_applications(name: str, images: NDArray[np.uint8]) -> None:
    expected = PREPROCESS[name].preprocess_input(images.astype(np.float32))
    np.testing.assert_allclose(scaled(name)(images).numpy(), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("custom_cnn", (0, 0, 0), (1, 1, 1)),
        ("efficientnet_lite0", (-127 / 128,) * 3, (1, 1, 1)),
        ("efficientnet_b1", (-2.1179, -2.0357, -1.8044), (2.2489, 2.4286, 2.6400)),
        ("efficientnetv2_b0", (-2.1179, -2.0357, -1.8044), (2.2489, 2.4286, 2.6400)),
        ("densenet121", (-2.1179, -2.0357, -1.8044), (2.2489, 2.4286, 2.6400)),
        ("mobilenetv3_small", (-1, -1, -1), (1, 1, 1)),
    ],
)
def test_black_and_white_are_scaled_as_published(name: str, low: tuple, high: tuple) -> None:
    ends = np.stack([np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)])
    found = scaled(name)(ends).numpy()
    np.testing.assert_allclose(found[:, 5, 5], [low, high], atol=1e-4)
