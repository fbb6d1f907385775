"""EfficientNet-Lite0 as plain Keras: the default backbone of the classifier (see `tasks.backbones.build`).

EfficientNet (Tan and Le, arXiv:1905.11946) without squeeze-and-excite and with ReLU6 in place of swish, as published
under the name Lite. The weights come from ImageNet; data/pretrained/README.md names their origin and licence.
"""

import keras
from keras import layers

from tasks.lite0_layout import EPSILON, FEATURES, STEM, Block, unrolled


def build(image_size: int) -> keras.Model:
    """The network without its top, its input scaling inside, with random initial values.

    Takes images (n, image_size, image_size, 3), RGB, 0 to 255; gives features (n, 1280).
    """
    inputs = layers.Input((image_size, image_size, 3), name="pixels")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="scale")(inputs)
    x = _conv_bn_relu(x, STEM, 3, 2, "stem_conv", "stem_bn")
    for index, (block, stride) in enumerate(unrolled()):
        x = _inverted_residual(x, block, stride, f"block{index}")
    x = _conv_bn_relu(x, FEATURES, 1, 1, "top_conv", "top_bn")
    outputs = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(inputs, outputs, name="efficientnet_lite0")


def _conv_bn_relu(
    x: keras.KerasTensor, filters: int, kernel: int, stride: int, conv: str, bn: str
) -> keras.KerasTensor:
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=conv)(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name=bn)(x)
    return layers.ReLU(6.0, name=f"{bn}_relu")(x)


def _inverted_residual(x: keras.KerasTensor, block: Block, stride: int, name: str) -> keras.KerasTensor:
    """MobileNetV2's block (arXiv:1801.04381): widen, filter each channel, narrow; add where the shapes agree."""
    skip = x
    if block.expansion > 1:
        x = _conv_bn_relu(x, x.shape[-1] * block.expansion, 1, 1, f"{name}_expand_conv", f"{name}_bn0")
    x = layers.DepthwiseConv2D(block.kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn1")(x)
    x = layers.ReLU(6.0, name=f"{name}_bn1_relu")(x)
    x = layers.Conv2D(block.filters, 1, padding="same", use_bias=False, name=f"{name}_project_conv")(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn2")(x)
    return layers.Add(name=f"{name}_add")([skip, x]) if skip.shape[1:] == x.shape[1:] else x
