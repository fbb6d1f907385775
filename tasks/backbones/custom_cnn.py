"""A small network to train from scratch: the baseline that a pretrained backbone has to beat."""

import keras
from keras import layers

WIDTHS = (24, 48, 96, 144, 192)
"""Filters of the five blocks; 1.06 million parameters."""


def build(inputs: keras.KerasTensor) -> keras.KerasTensor:
    """From images, (n, side, side, 3), 0 to 255, to features (n, 192); a side of 96 ends as a 6 x 6 map.

    Five blocks of two 3 x 3 convolutions, as in VGG (arXiv:1409.1556), each with batch norm and ReLU; the maps halve
    between the blocks, and are averaged at the end in place of VGG's dense layers.
    """
    x = layers.Rescaling(1 / 255, name="scale")(inputs)
    for number, width in enumerate(WIDTHS, 1):
        if number > 1:
            x = layers.MaxPooling2D(name=f"block{number}_pool")(x)
        for part in ("a", "b"):
            x = _conv_bn_relu(x, width, f"block{number}_{part}")
    return layers.GlobalAveragePooling2D(name="features")(x)


def _conv_bn_relu(x: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    # He's initial values (arXiv:1502.01852) keep the scale of the signal also where batch norm is frozen, and so idle.
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
