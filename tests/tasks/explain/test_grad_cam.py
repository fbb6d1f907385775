import keras
import numpy as np
import pytest
import tensorflow as tf

from tasks.explain import cuts
from tasks.explain.grad_cam import GradCam
from tasks.train import network

CLASSES = np.arange(4)


def blobs(side: int = 32) -> np.ndarray:
    """A dark image with a red blob at the top left and a blue one at the bottom right."""
    image = np.zeros((1, side, side, 3), np.uint8)
    image[0, :8, :8, 0] = 200
    image[0, -8:, -8:, 2] = 200
    return image


def share(evidence: np.ndarray, rows: slice, columns: slice) -> float:
    """Of a map's mass, that inside."""
    return float(evidence[rows, columns].sum() / evidence.sum())


@pytest.mark.parametrize("quadrant", range(4), ids=["top-left", "top-right", "bottom-left", "bottom-right"])
def test_the_map_lies_in_the_quadrant_that_the_answer_follows_from(quadrants: keras.Model, quadrant: int) -> None:
    images = np.full((1, 32, 32, 3), 180, np.uint8)
    (evidence,) = GradCam(quadrants, 8)(images, np.array([quadrant]))
    places = [slice(None, 16), slice(16, None)]
    assert share(evidence, places[quadrant // 2], places[quadrant % 2]) > 0.88  # the rest: the resize's own blur
    assert evidence.max() == 1


def test_each_image_of_a_batch_has_the_map_of_its_own_class(quadrants: keras.Model) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    cam = GradCam(quadrants, 8)
    together = cam(images, CLASSES)
    assert together.shape == (4, 32, 32)
    assert together.dtype == np.float32
    for k in range(4):
        assert together[k] == pytest.approx(cam(images[k : k + 1], CLASSES[k : k + 1])[0], abs=1e-5)


@pytest.mark.parametrize(
    ("colour", "rows", "columns"),
    [(0, slice(None, 12), slice(None, 12)), (2, slice(20, None), slice(20, None))],
    ids=["red", "blue"],
)
def test_the_map_of_one_image_differs_between_its_classes(colours, colour: int, rows: slice, columns: slice) -> None:
    (evidence,) = GradCam(colours(), 1)(blobs(), np.array([colour]))
    assert share(evidence, rows, columns) == pytest.approx(1)


def test_where_nothing_speaks_for_a_class_the_map_is_empty(colours) -> None:
    assert (GradCam(colours(), 1)(blobs(), np.array([1])) == 0).all()


def test_a_sure_answer_has_a_map_too(colours) -> None:
    sure = colours(gain=1e4)
    red = blobs()
    red[..., 2] = 0
    assert sure(red)[0, 0] == 1  # to the last bit: the softmax has no gradient
    (evidence,) = GradCam(sure, 1)(red, np.array([0]))
    assert evidence.max() == 1


def test_before_the_pooling_it_is_grad_cam_to_the_letter() -> None:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(8, 3, 4, padding="same", activation="relu")(keras.layers.Rescaling(1 / 255)(inputs))
    backbone = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
    whole = network.classifier(backbone, network.head(8, [16], 0.0, 0.0, 3))
    images, classes = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8), np.array([0, 1, 2])
    below, above = cuts.at_map(whole, 1)
    maps = below(images.astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(maps)
        chosen = tf.gather(above(maps), classes, batch_dims=1)
    weights = tf.reduce_mean(tape.gradient(chosen, maps), axis=(1, 2), keepdims=True)  # equation 1 of the paper
    expected = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))  # equation 2
    expected = tf.image.resize(expected, (32, 32))[..., 0].numpy()
    expected /= expected.max(axis=(1, 2), keepdims=True)
    assert GradCam(whole, 1)(images, classes) == pytest.approx(expected, abs=1e-5)
