"""The classifier: a backbone and a head of dense layers."""

from collections.abc import Sequence

import keras
from keras import layers


def head(
    features: int, dense: Sequence[int], feature_dropout: float, dense_dropout: float, classes: int
) -> keras.Model:
    """From features, float32 (n, features), to probabilities, float32 (n, classes)."""
    inputs = layers.Input((features,), name="features_in")
    x = layers.Dropout(feature_dropout, name="feature_dropout")(inputs)
    for index, width in enumerate(dense):
        x = layers.Dense(width, name=f"dense{index}")(x)
        x = layers.LeakyReLU(name=f"dense{index}_relu")(x)
        x = layers.Dropout(dense_dropout, name=f"dense{index}_dropout")(x)
    # float32 under any policy: with mixed precision a softmax in 16 bits loses what the loss is made of.
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="head")


def classifier(backbone: keras.Model, top: keras.Model) -> keras.Model:
    """From images, (n, side, side, 3), 0 to 255, to probabilities; shares its layers with both parts."""
    return keras.Model(backbone.input, top(backbone.output), name="classifier")
