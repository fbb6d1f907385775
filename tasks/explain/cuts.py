"""Where a classifier is cut in two: at a feature map, found by the network's structure, whatever its layers' names."""

import keras
from keras import layers


def features(network: keras.Model) -> keras.Model:
    """From images, (n, side, side, 3), 0 to 255, to what the head reads, float32 (n, d).

    Raises ValueError for a network that is not a backbone below a head (see `tasks/train/network.py`).
    """
    *below, head = network.layers
    if not isinstance(head, keras.Model) or not isinstance(head.layers[-1], layers.Dense):
        raise ValueError(f"expected a network that ends in a head with a last dense layer, got {network.name}")
    return keras.Model(network.input, below[-1].output)


def at_map(network: keras.Model, size: int) -> tuple[keras.Model, keras.Model]:
    """The network in two: from images to a feature map, and from that map to logits, float32 (n, classes).

    The map is the last one with at least `size` x `size` positions through which all that the answer follows from goes.
    At 1 that is the map before the pooling: 3 x 3 for images of 96 pixels and most backbones. Raises ValueError where
    no map is that fine.
    """
    pooled, head = features(network).output, network.layers[-1]
    for layer in reversed(network.layers[:-1]):
        if _is_map(layer) and min(layer.output.shape[1:3]) >= size:
            above = _between(layer.output, pooled)
            if above is not None:
                return keras.Model(network.input, layer.output), _joined(above, _logits(head))
    raise ValueError(f"explain.map_size must be at most the side of a feature map of {network.name}, got {size}")


def _is_map(layer: keras.Layer) -> bool:
    # The positions of a padded map do not lie where they do in the image.
    return not isinstance(layer, (layers.InputLayer, layers.ZeroPadding2D)) and len(layer.output.shape) == 4


def _between(inputs: keras.KerasTensor, outputs: keras.KerasTensor) -> keras.Model | None:
    """None where the outputs follow from more than these inputs: beside a skip connection, say."""
    try:
        return keras.Model(inputs, outputs)
    except ValueError:
        return None


def _logits(head: keras.Model) -> keras.Model:
    """The head without its softmax, whose gradient fades where the answer is sure."""
    last = head.layers[-1]
    linear = layers.Dense.from_config({**last.get_config(), "activation": "linear"})
    without = keras.Model(head.input, linear(last.input))
    linear.set_weights(last.get_weights())
    return without


def _joined(first: keras.Model, second: keras.Model) -> keras.Model:
    return keras.Model(first.input, second(first.output))
