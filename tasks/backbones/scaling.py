"""Input scaling for the networks of keras.applications that leave it to the caller, or that keep it in their weights.

Layers and operations of Keras alone, without weights: a stored model opens with nothing of this project imported.
They compute in float32 with mixed precision too: bfloat16 has 8 bits, so half of the levels of a pixel would go.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of ImageNet's images, RGB, 0 to 1."""
BGR_MEAN = (103.939, 116.779, 123.68)
"""Of ImageNet's images, BGR, 0 to 255, as the networks that came from Caffe were trained with."""


def caffe(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """What `keras.applications.vgg16.preprocess_input` does: RGB to BGR, the mean taken off, no division."""
    return layers.Rescaling(1.0, offset=[-mean for mean in BGR_MEAN], dtype="float32", name="scale")(
        ops.flip(pixels, axis=-1)
    )


def standard(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """For EfficientNet, which goes on to divide by 255: ImageNet's mean off, its deviation to one.

    The network has a layer for that, whose mean and variance are weights. But Keras 3.15 computes with copies of them
    that `set_weights` leaves as they were, and `weights=None` gives it neither. So the scaling stands here, the same
    whatever the weights, and that layer stays idle (see `idle`).
    """
    offset = [-255 * mean / std for mean, std in zip(MEAN, STD, strict=True)]
    return layers.Rescaling([1 / std for std in STD], offset=offset, dtype="float32", name="scale")(pixels)


def torch(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """What `keras.applications.densenet.preprocess_input` does: ImageNet's mean off, its deviation to one."""
    offset = [-mean / std for mean, std in zip(MEAN, STD, strict=True)]
    return layers.Rescaling([1 / (255 * std) for std in STD], offset=offset, dtype="float32", name="scale")(pixels)


def inside(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """For networks that scale their input themselves."""
    return pixels


SCALINGS: dict[str, Callable[[keras.KerasTensor], keras.KerasTensor]] = {
    "inside": inside,
    "standard": standard,
    "torch": torch,
    "caffe": caffe,
}


def idle(network: keras.Model) -> None:
    """Make the layer that `standard` stands in for let pixels through, once weights have been loaded.

    The published files hold ImageNet's mean in it, and the deviation where the variance belongs: they are right once
    the result is divided by the root of the deviation again (tensorflow/tensorflow#49930), which keras.applications
    does with a layer that is there with `weights="imagenet"` alone. Both together are what `standard` does. Files of
    networks that were built here hold an idle layer. Raises ValueError for any other mean and variance.
    """
    for layer in network.layers:
        if isinstance(layer, layers.Normalization) and layer.weights:
            mean, variance, count = layer.get_weights()
            if not any(_near(mean, m) and _near(variance, v) for m, v in ((MEAN, STD), (0.0, 1.0))):
                raise ValueError(
                    f"expected a mean of {MEAN} and a variance of {STD}, as published, or 0 and 1 in {layer.name}, "
                    f"got {mean.tolist()} and {variance.tolist()}"
                )
            layer.set_weights([np.zeros_like(mean), np.ones_like(variance), count])
            layer.finalize_state()


def _near(values: np.ndarray, wanted: float | tuple[float, ...]) -> bool:
    return bool(np.allclose(values, wanted, atol=1e-3))
