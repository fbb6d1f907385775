"""Layers of Keras as nodes of ONNX: a function for each class, and the table of them.

Each takes the graph, the layer and its inputs, and gives the name of its output. Maps have their channels first in the
graph (see `graph.Value`).
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tasks.onnx_graph import Graph, Value

PADDINGS = {"same": "SAME_UPPER", "valid": "VALID"}
Floats = NDArray[np.float32]


def write(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    """Add `layer`, of one call on `inputs`. Raises ValueError, which names it, for a layer that is not in the table."""
    kind = type(layer).__name__
    if kind not in CONVERTERS:
        raise refusal(layer, f"expected one of {', '.join(sorted(CONVERTERS))}")
    if getattr(layer, "data_format", None) == "channels_first":
        raise refusal(layer, "expected channels_last, got channels_first")
    return CONVERTERS[kind](graph, layer, inputs)


def refusal(layer: Any, why: str) -> ValueError:
    """The error for a layer that no graph can be written of."""
    return ValueError(f"layer {layer.name} ({type(layer).__name__}) cannot be written as ONNX: {why}")


def _array(weight: Any) -> Floats:
    return keras.ops.convert_to_numpy(weight)


def _conv2d(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    return _convolved(graph, layer, inputs[0], _array(layer.kernel).transpose(3, 2, 0, 1), layer.groups)


def _depthwise_conv2d(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    kernel = _array(layer.kernel)  # (height, width, channels, multiplier)
    height, width, channels, _ = kernel.shape
    kernel = kernel.transpose(2, 3, 0, 1).reshape(-1, 1, height, width)
    return _convolved(graph, layer, inputs[0], kernel, channels)


def _convolved(graph: Graph, layer: Any, x: Value, kernel: Floats, groups: int) -> str:
    weights = [graph.constant(kernel), *([graph.constant(_array(layer.bias))] if layer.use_bias else [])]
    name = graph.node(
        "Conv", x.name, *weights, auto_pad=PADDINGS[layer.padding],
        strides=list(layer.strides), dilations=list(layer.dilation_rate), group=groups,
    )  # fmt: skip
    return _activated(graph, layer, name)


def _dense(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    """On maps it is a 1 x 1 convolution."""
    kernel, (x,) = _array(layer.kernel), inputs
    if x.is_map:
        name = graph.node("Conv", x.name, graph.constant(kernel.T[:, :, None, None]))
    else:
        name = graph.node("MatMul", x.name, graph.constant(kernel))
    if layer.use_bias:
        name = graph.node("Add", name, graph.per_channel(_array(layer.bias), x))
    return _activated(graph, layer, name)


def _batch_normalization(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    (x,) = inputs
    if layer.axis not in (-1, len(x.shape) - 1):
        raise refusal(layer, f"expected the last axis, got {layer.axis}")
    mean, variance = _array(layer.moving_mean), _array(layer.moving_variance)
    gamma = _array(layer.gamma) if layer.scale else np.ones_like(mean)
    beta = _array(layer.beta) if layer.center else np.zeros_like(mean)
    weights = [graph.constant(values) for values in (gamma, beta, mean, variance)]
    return graph.node("BatchNormalization", x.name, *weights, epsilon=layer.epsilon)


def _layer_normalization(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    (x,) = inputs
    if list(layer.axis) not in ([-1], [len(x.shape) - 1]) or layer.rms_scaling:
        raise refusal(layer, f"expected the last axis and no rms_scaling, got {list(layer.axis)}, {layer.rms_scaling}")
    width = x.shape[-1] or 0
    gamma = _array(layer.gamma) if layer.scale else np.ones(width, np.float32)
    beta = _array(layer.beta) if layer.center else np.zeros(width, np.float32)
    name = graph.channels_last(x.name) if x.is_map else x.name
    weights = graph.constant(gamma), graph.constant(beta)
    name = graph.node("LayerNormalization", name, *weights, axis=-1, epsilon=layer.epsilon)
    return graph.channels_first(name) if x.is_map else name


def _normalization(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    (x,) = inputs
    if layer.invert:
        raise refusal(layer, "expected invert=False")
    # What the layer computes with; its weights may be others (see `tasks.backbones.scaling`).
    deviation = np.maximum(np.sqrt(_array(layer.variance)), keras.config.epsilon())
    name = graph.node("Sub", x.name, graph.per_channel(_array(layer.mean), x))
    return graph.node("Div", name, graph.per_channel(deviation, x))


def _rescaling(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    name = graph.node("Mul", inputs[0].name, graph.per_channel(layer.scale, inputs[0]))
    return graph.node("Add", name, graph.per_channel(layer.offset, inputs[0]))


def _layer_scale(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    return graph.node("Mul", inputs[0].name, graph.per_channel(_array(layer.gamma), inputs[0]))


def _relu(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    if layer.negative_slope or layer.threshold:
        raise refusal(layer, f"expected slope and threshold 0, got {layer.negative_slope} and {layer.threshold}")
    if layer.max_value is None:
        return graph.node("Relu", inputs[0].name)
    return graph.node("Clip", inputs[0].name, graph.constant(0), graph.constant(layer.max_value))


def _leaky_relu(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    return graph.node("LeakyRelu", inputs[0].name, alpha=float(layer.negative_slope))


def _softmax(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    if layer.axis != -1:
        raise refusal(layer, f"expected the last axis, got {layer.axis}")
    return graph.node("Softmax", inputs[0].name, axis=1)


def _activation(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    return _activated(graph, layer, inputs[0].name)


def _activated(graph: Graph, layer: Any, x: str) -> str:
    name = keras.activations.serialize(layer.activation)
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
    def convert(graph: Graph, layer: Any, inputs: list[Value]) -> str:
        shape = {"kernel_shape": list(layer.pool_size), "strides": list(layer.strides)}
        return graph.node(kind, inputs[0].name, auto_pad=PADDINGS[layer.padding], **shape)

    return convert


def _global_pooling(kind: str) -> "Converter":
    def convert(graph: Graph, layer: Any, inputs: list[Value]) -> str:
        return graph.node(kind, inputs[0].name, axes=[2, 3], keepdims=int(layer.keepdims))

    return convert


def _zero_padding2d(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    (top, bottom), (left, right) = layer.padding
    pads = graph.constant([0, 0, top, left, 0, 0, bottom, right], np.int64)
    return graph.node("Pad", inputs[0].name, pads)


def _reshape(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    """Numbers keep the order that they have in Keras."""
    shape = layer.output.shape
    name = graph.channels_last(inputs[0].name) if inputs[0].is_map else inputs[0].name
    name = graph.node("Reshape", name, graph.constant([-1, *shape[1:]], np.int64))
    return graph.channels_first(name) if len(shape) == 4 else name


def _elementwise(kind: str) -> "Converter":
    def convert(graph: Graph, layer: Any, inputs: list[Value]) -> str:
        first, *others = inputs
        if any(len(other.shape) not in (0, len(first.shape)) for other in others):
            raise refusal(layer, f"expected inputs of one rank, got {', '.join(str(each.shape) for each in inputs)}")
        name = first.name
        for other in others:
            name = graph.node(kind, name, other.name)
        return name

    return convert


def _concatenate(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    if layer.axis not in (-1, len(inputs[0].shape) - 1):
        raise refusal(layer, f"expected the last axis, got {layer.axis}")
    return graph.node("Concat", *(each.name for each in inputs), axis=1)


def _flip(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    (x,) = inputs
    if layer.axis not in (-1, len(x.shape) - 1):
        raise refusal(layer, f"expected the last axis, got {layer.axis}")
    return graph.node("Gather", x.name, graph.constant(np.arange(x.shape[-1] or 0)[::-1], np.int64), axis=1)


def _nothing(graph: Graph, layer: Any, inputs: list[Value]) -> str:
    """Dropout, which does nothing once training is over."""
    return inputs[0].name


Converter = Callable[[Graph, Any, list[Value]], str]
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
