"""Colours, against Pillow on random images and against what must hold."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from tasks.augment import colour

SIDE = 32
RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
NARROW = RNG.normal((180, 140, 90), (20, 9, 4), (SIDE, SIDE, 3)).clip(0, 255).astype(np.uint8)
FEW = RNG.choice(np.array([7, 60, 61, 200], np.uint8), (SIDE, SIDE, 3), p=[0.7, 0.1, 0.1, 0.1])
FLAT = np.full((SIDE, SIDE, 3), 93, np.uint8)
IMAGES = {"noise": NOISE, "narrow": NARROW, "few": FEW, "flat": FLAT}


def one(value: float) -> tf.Tensor:
    return tf.constant([value], tf.float32)


AGAINST_PILLOW = {
    "brightness-0.4": (lambda x: colour.brightness(x, one(0.4)), lambda p: ImageEnhance.Brightness(p).enhance(0.4)),
    "brightness-1.7": (lambda x: colour.brightness(x, one(1.7)), lambda p: ImageEnhance.Brightness(p).enhance(1.7)),
    "contrast-0.4": (lambda x: colour.contrast(x, one(0.4)), lambda p: ImageEnhance.Contrast(p).enhance(0.4)),
    "contrast-1.7": (lambda x: colour.contrast(x, one(1.7)), lambda p: ImageEnhance.Contrast(p).enhance(1.7)),
    "colour-0.4": (lambda x: colour.colour(x, one(0.4)), lambda p: ImageEnhance.Color(p).enhance(0.4)),
    "colour-1.7": (lambda x: colour.colour(x, one(1.7)), lambda p: ImageEnhance.Color(p).enhance(1.7)),
    "sharpness-0.1": (lambda x: colour.sharpness(x, one(0.1)), lambda p: ImageEnhance.Sharpness(p).enhance(0.1)),
    "sharpness-1.9": (lambda x: colour.sharpness(x, one(1.9)), lambda p: ImageEnhance.Sharpness(p).enhance(1.9)),
    "solarize-100": (lambda x: colour.solarize(x, one(100)), lambda p: ImageOps.solarize(p, 100)),
    "solarize-256": (lambda x: colour.solarize(x, one(256)), lambda p: p),
    "posterize-4": (lambda x: colour.posterize(x, one(4)), lambda p: ImageOps.posterize(p, 4)),
    "posterize-8": (lambda x: colour.posterize(x, one(8)), lambda p: p),
    "autocontrast": (colour.autocontrast, ImageOps.autocontrast),
    "equalize": (colour.equalize, ImageOps.equalize),
}
EXACT = ["equalize", "posterize", "solarize"]
TWO_LEVELS = 2
"""Pillow rounds its grey before it blends, and cuts the result down to whole levels."""


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("operation", AGAINST_PILLOW)
def test_it_agrees_with_pillow(name: str, operation: str) -> None:
    own, pillow = AGAINST_PILLOW[operation]
    image = IMAGES[name]
    expected = np.asarray(pillow(Image.fromarray(image))).astype(np.float32)
    result = tf.clip_by_value(own(tf.constant(image[None], tf.float32)), 0, 255).numpy()[0]
    assert np.abs(result - expected).max() <= (0 if operation.split("-")[0] in EXACT else TWO_LEVELS)
    assert np.abs(result - expected).mean() < 1


@pytest.mark.parametrize("operation", [colour.autocontrast, colour.equalize], ids=["autocontrast", "equalize"])
def test_each_image_has_its_own_table(operation) -> None:
    together = tf.constant(np.stack([*IMAGES.values()]), tf.float32)
    alone = [operation(together[k : k + 1])[0] for k in range(len(IMAGES))]
    assert operation(together).numpy() == pytest.approx(np.stack(alone), abs=1e-3)


def test_hue_turns_colour_and_keeps_the_light() -> None:
    images = tf.constant(NARROW[None], tf.float32)
    turned = colour.linear(images, colour.hue(one(0.3)), tf.zeros([1, 3]))
    assert colour.grey(turned).numpy() == pytest.approx(colour.grey(images).numpy(), abs=0.2)
    assert np.abs(turned - images).mean() > 20
    back = colour.linear(turned, colour.hue(one(-0.3)), tf.zeros([1, 3]))
    assert back.numpy() == pytest.approx(images.numpy(), abs=0.05)


def test_saturation_0_is_grey_and_1_the_image() -> None:
    images = tf.constant(NOISE[None], tf.float32)
    for factor, expected in ((0.0, tf.repeat(colour.grey(images), 3, axis=3)), (1.0, images)):
        result = colour.linear(images, colour.saturating(one(factor)), tf.zeros([1, 3]))
        assert result.numpy() == pytest.approx(expected.numpy(), abs=0.01)


def test_linear_takes_channels_to_channels_and_adds() -> None:
    swap = tf.constant([[[0, 1, 0], [1, 0, 0], [0, 0, 2]]], tf.float32)
    result = colour.linear(tf.constant([[[[1.0, 2.0, 3.0]]]]), swap, tf.constant([[10.0, 20.0, 30.0]]))
    assert result.numpy().ravel().tolist() == [12, 21, 36]
