"""Layers of Keras as nodes of ONNX: a function for each class, and the table of them.

Each takes the graph, the layer as it is stored and its inputs, and gives the name of its output. Maps have their
channels first in the graph (see `graph.Value`).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.onnx_graph import Graph, Value
from tasks.onnx_network.stored import Layer

PADDINGS = {"same": "SAME_UPPER", "valid": "VALID"}
LEAST_DEVIATION = 1e-7
"""By which Keras' Normalization divides at least: `keras.config.epsilon()`."""
Floats = NDArray[np.float32]


def write(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    """Add `layer`, of one call on `inputs`. Raises ValueError, which names it, for a layer that is not in the table."""
    if layer.kind not in CONVERTERS:
        raise refusal(layer, f"expected one of {', '.join(sorted(CONVERTERS))}")
    if layer.config.get("data_format") == "channels_first":
        raise refusal(layer, "expected channels_last, got channels_first")
    try:
        return CONVERTERS[layer.kind](graph, layer, inputs)
    except (LookupError, TypeError) as error:
        raise refusal(layer, f"expected config and weights as Keras stores them ({error!r})") from error


def refusal(layer: Layer, why: str) -> ValueError:
    """The error for a layer that no graph can be written of."""
    return ValueError(f"layer {layer.name} ({layer.kind}) cannot be written as ONNX: {why}")


def _conv2d(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    return _convolved(graph, layer, inputs[0], layer.weights[0].transpose(3, 2, 0, 1), layer.config["groups"])


def _depthwise_conv2d(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    kernel = layer.weights[0]  # (height, width, channels, multiplier)
    height, width, channels, _ = kernel.shape
    kernel = kernel.transpose(2, 3, 0, 1).reshape(-1, 1, height, width)
    return _convolved(graph, layer, inputs[0], kernel, channels)


def _pair(given: int | Sequence[int]) -> list[int]:
    return [given, given] if isinstance(given, int) else list(given)


def _check_last_axis(layer: Layer, x: Value) -> None:
    axis = layer.config["axis"]
    if (list(axis) if isinstance(axis, list | tuple) else [axis]) not in ([-1], [len(x.shape) - 1]):
        raise refusal(layer, f"expected the last axis, got {axis}")


def _scale_and_centre(layer: Layer, width: int) -> tuple[Floats, Floats]:
    """Gamma and beta, with which a layer's weights begin where it has them."""
    left = list(layer.weights)
    gamma = left.pop(0) if layer.config["scale"] else np.ones(width, np.float32)
    beta = left.pop(0) if layer.config["center"] else np.zeros(width, np.float32)
    return gamma, beta


def _convolved(graph: Graph, layer: Layer, x: Value, kernel: Floats, groups: int) -> str:
    weights = [graph.constant(kernel), *([graph.constant(layer.weights[1])] if layer.config["use_bias"] else [])]
    name = graph.node(
        "Conv", x.name, *weights, auto_pad=PADDINGS[layer.config["padding"]], group=groups,
        strides=_pair(layer.config["strides"]), dilations=_pair(layer.config["dilation_rate"]),
    )  # fmt: skip
    return _activated(graph, layer, name)


def _dense(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    """On maps it is a 1 x 1 convolution."""
    kernel, (x,) = layer.weights[0], inputs
    if x.is_map:
        name = graph.node("Conv", x.name, graph.constant(kernel.T[:, :, None, None]))
    else:
        name = graph.node("MatMul", x.name, graph.constant(kernel))
    if layer.config["use_bias"]:
        name = graph.node("Add", name, graph.per_channel(layer.weights[1], x))
    return _activated(graph, layer, name)


def _batch_normalization(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    (x,) = inputs
    _check_last_axis(layer, x)
    if layer.config.get("renorm"):
        raise refusal(layer, "expected renorm=False")
    mean, variance = layer.weights[-2:]
    gamma, beta = _scale_and_centre(layer, len(mean))
    weights = [graph.constant(values) for values in (gamma, beta, mean, variance)]
    return graph.node("BatchNormalization", x.name, *weights, epsilon=layer.config["epsilon"])


def _layer_normalization(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    (x,) = inputs
    _check_last_axis(layer, x)
    if layer.config.get("rms_scaling"):
        raise refusal(layer, "expected rms_scaling=False")
    gamma, beta = _scale_and_centre(layer, x.shape[-1] or 0)
    name = graph.channels_last(x.name) if x.is_map else x.name
    weights = graph.constant(gamma), graph.constant(beta)
    name = graph.node("LayerNormalization", name, *weights, axis=-1, epsilon=layer.config["epsilon"])
    return graph.channels_first(name) if x.is_map else name


def _normalization(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    (x,) = inputs
    _check_last_axis(layer, x)
    if layer.config["invert"]:
        raise refusal(layer, "expected invert=False")
    adapted = layer.weights[:2] or (layer.config["mean"], layer.config["variance"])
    mean, variance = (np.asarray(values, np.float32) for values in adapted)
    deviation = np.maximum(np.sqrt(variance), LEAST_DEVIATION)
    name = graph.node("Sub", x.name, graph.per_channel(mean, x))
    return graph.node("Div", name, graph.per_channel(deviation, x))


def _rescaling(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    name = graph.node("Mul", inputs[0].name, graph.per_channel(layer.config["scale"], inputs[0]))
    return graph.node("Add", name, graph.per_channel(layer.config["offset"], inputs[0]))


def _layer_scale(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    return graph.node("Mul", inputs[0].name, graph.per_channel(layer.weights[0], inputs[0]))


def _relu(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    slope, threshold, largest = (layer.config[name] for name in ("negative_slope", "threshold", "max_value"))
    if slope or threshold:
        raise refusal(layer, f"expected slope and threshold 0, got {slope} and {threshold}")
    if largest is None:
        return graph.node("Relu", inputs[0].name)
    return graph.node("Clip", inputs[0].name, graph.constant(0), graph.constant(largest))


def _leaky_relu(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    return graph.node("LeakyRelu", inputs[0].name, alpha=float(layer.config["negative_slope"]))


def _softmax(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    _check_last_axis(layer, inputs[0])
    return graph.node("Softmax", inputs[0].name, axis=1)


def _activation(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    return _activated(graph, layer, inputs[0].name)


def _activated(graph: Graph, layer: Layer, x: str) -> str:
    name = layer.config["activation"]
    if name not in ACTIVATIONS:
        raise refusal(layer, f"expected an activation of {', '.join(ACTIVATIONS)}, got {name}")
    return ACTIVATIONS[name](graph, x)


def _silu(graph: Graph, x: str) -> str:
    return graph.node("Mul", x, graph.node("Sigmoid", x))


def _gelu(graph: Graph, x: str) -> str:
    """x * (1 + erf(x / sqrt(2))) / 2: operators of version 17 have no Gelu."""
    erf = graph.node("Erf", graph.node("Mul", x, graph.constant(np.sqrt(0.5))))
    return graph.node("Mul", x, graph.node("Mul", graph.node("Add", erf, graph.constant(1)), graph.constant(0.5)))


ACTIVATIONS: dict[Any, Callable[[Graph, str], str]] = {
    "linear": lambda graph, x: x,
    "relu": lambda graph, x: graph.node("Relu", x),
    "sigmoid": lambda graph, x: graph.node("Sigmoid", x),
    "softmax": lambda graph, x: graph.node("Softmax", x, axis=1),  # the channels, also of features
    "silu": _silu,
    "gelu": _gelu,
    "hard_silu": lambda graph, x: graph.node("HardSwish", x),
}


def _pooling(kind: str) -> "Converter":
    def convert(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
        config = layer.config
        shape = {"kernel_shape": _pair(config["pool_size"]), "strides": _pair(config["strides"])}
        return graph.node(kind, inputs[0].name, auto_pad=PADDINGS[config["padding"]], **shape)

    return convert


def _global_pooling(kind: str) -> "Converter":
    def convert(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
        return graph.node(kind, inputs[0].name, axes=[2, 3], keepdims=int(layer.config["keepdims"]))

    return convert


def _zero_padding2d(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    (top, bottom), (left, right) = layer.config["padding"]
    pads = graph.constant([0, 0, top, left, 0, 0, bottom, right], np.int64)
    return graph.node("Pad", inputs[0].name, pads)


def _reshape(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    """Numbers keep the order that they have in Keras."""
    (x,) = inputs
    number = math.prod(width or 0 for width in x.shape[1:])
    wanted: Sequence[int] = layer.config.get("target_shape", [number])
    shape = [-number // math.prod(wanted) if width == -1 else width for width in wanted]
    name = graph.channels_last(x.name) if x.is_map else x.name
    name = graph.node("Reshape", name, graph.constant([-1, *shape], np.int64))
    return graph.channels_first(name) if len(shape) == 3 else name


def _elementwise(kind: str) -> "Converter":
    def convert(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
        first, *others = inputs
        if any(len(other.shape) not in (0, len(first.shape)) for other in others):
            raise refusal(layer, f"expected inputs of one rank, got {', '.join(str(each.shape) for each in inputs)}")
        name = first.name
        for other in others:
            name = graph.node(kind, name, other.name)
        return name

    return convert


def _concatenate(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    _check_last_axis(layer, inputs[0])
    return graph.node("Concat", *(each.name for each in inputs), axis=1)


def _flip(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    (x,) = inputs
    _check_last_axis(layer, x)
    return graph.node("Gather", x.name, graph.constant(np.arange(x.shape[-1] or 0)[::-1], np.int64), axis=1)


def _nothing(graph: Graph, layer: Layer, inputs: list[Value]) -> str:
    """Dropout, which does nothing once training is over."""
    return inputs[0].name


Converter = Callable[[Graph, Layer, list[Value]], str]
CONVERTERS: dict[str, Converter] = {
    "Activation": _activation,
    "Add": _elementwise("Add"),
    "AveragePooling2D": _pooling("AveragePool"),
    "BatchNormalization": _batch_normalization,
    "Concatenate": _concatenate,
    "Conv2D": _conv2d,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise_conv2d,
    "Dropout": _nothing,
    "Flatten": _reshape,
    "Flip": _flip,
    "GlobalAveragePooling2D": _global_pooling("ReduceMean"),
    "GlobalMaxPooling2D": _global_pooling("ReduceMax"),
    "LayerNormalization": _layer_normalization,
    "LayerScale": _layer_scale,
    "LeakyReLU": _leaky_relu,
    "MaxPooling2D": _pooling("MaxPool"),
    "Multiply": _elementwise("Mul"),
    "Normalization": _normalization,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Softmax": _softmax,
    "ZeroPadding2D": _zero_padding2d,
}
