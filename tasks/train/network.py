"""The classifier: EfficientNet-Lite0 and a head of dense layers, and which of its layers learn."""

from collections.abc import Sequence

import keras
from keras import layers

from tasks import lite0, lite0_layout


def head(dense: Sequence[int], feature_dropout: float, dense_dropout: float, classes: int) -> keras.Model:
    """From features, float32 (n, 1280), to probabilities, float32 (n, classes)."""
    inputs = layers.Input((lite0_layout.FEATURES,), name="features_in")
    x = layers.Dropout(feature_dropout, name="feature_dropout")(inputs)
    for index, width in enumerate(dense):
        x = layers.Dense(width, name=f"dense{index}")(x)
        x = layers.LeakyReLU(name=f"dense{index}_relu")(x)
        x = layers.Dropout(dense_dropout, name=f"dense{index}_dropout")(x)
    outputs = layers.Dense(classes, activation="softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="head")


def classifier(backbone: keras.Model, top: keras.Model) -> keras.Model:
    """From pictures, float32 (n, side, side, 3), 0 to 255, to probabilities; shares its layers with both parts."""
    return keras.Model(backbone.input, top(backbone.output), name="classifier")


def unfreeze(backbone: keras.Model, blocks: int) -> list[str]:
    """Let the convolutions of the last `blocks` parts learn, and nothing else of the backbone; gives their names.

    Batch norm stays frozen, which in Keras means that it also keeps its statistics: on small batches of a new domain
    they would drift, and that is what breaks first under a shift of the data.
    """
    prefixes = tuple(lite0.block_names()[-blocks:]) if blocks else ()
    for layer in backbone.layers:
        layer.trainable = layer.name.startswith(prefixes or ("-",)) and not isinstance(layer, layers.BatchNormalization)
    return [layer.name for layer in backbone.layers if layer.trainable and layer.weights]
