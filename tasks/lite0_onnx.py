"""EfficientNet-Lite0 for ONNX Runtime: the features of `tasks.lite0`, without TensorFlow and several times as fast.

The graph is built from the Keras file's weights when it is wanted, so there is one copy of them. Batch normalisation is
folded into the convolution before it.
"""

from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper

from tasks.lite0_layout import EPSILON, FEATURES, STEM, Block, unrolled
from tasks.onnx_graph import Graph

Arrays = list[NDArray[np.float32]]


class Embedder:
    """The network without its top: features, float32 (n, 1280), of RGB images, uint8 (n, side, side, 3).

    `weights` is the Keras `.weights.h5` file. Raises FileNotFoundError where it is absent, ValueError where it holds
    another network.
    """

    def __init__(self, weights: Path):
        if not weights.is_file():
            raise FileNotFoundError(f"no weights at {weights}: put the file of EfficientNet-Lite0 there")
        try:
            model = _Lite0(weights).model()
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(
                f"{weights} does not hold the weights of EfficientNet-Lite0 without top: {error}"
            ) from error
        self._session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The features of a batch."""
        return self._session.run(None, {"pixels": pixels})[0]


class _Lite0:
    """The graph of the network, its layers in the order in which Keras built them."""

    def __init__(self, weights: Path):
        self._graph = Graph()
        self._count: Counter[str] = Counter()
        with h5py.File(weights) as file:
            self._layers = {name: _arrays(layer) for name, layer in file["layers"].items() if len(layer["vars"])}

    def model(self) -> onnx.ModelProto:
        x, width = self._conv(self._scaled(), 2), STEM
        for block, stride in unrolled():
            x = self._inverted_residual(x, block, stride, adds=stride == 1 and width == block.filters)
            width = block.filters
        self._graph.output("features", "ReduceMean", self._conv(x, 1), axes=[2, 3], keepdims=0)
        pixels = helper.make_tensor_value_info("pixels", onnx.TensorProto.UINT8, ["n", "side", "side", 3])
        features = helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["n", FEATURES])
        return self._graph.model("efficientnet_lite0", pixels, [features])

    def _scaled(self) -> str:
        """(pixels - 127) / 128, channels first as ONNX has them."""
        x = self._graph.channels_first(self._graph.node("Cast", "pixels", to=onnx.TensorProto.FLOAT))
        x = self._graph.node("Sub", x, self._graph.constant(127.0))
        return self._graph.node("Mul", x, self._graph.constant(1 / 128))

    def _inverted_residual(self, skip: str, block: Block, stride: int, adds: bool) -> str:
        x = self._conv(skip, 1) if block.expansion > 1 else skip
        x = self._conv(x, stride, depthwise=True)
        x = self._conv(x, 1, relu=False)
        return self._graph.node("Add", skip, x) if adds else x

    def _conv(self, x: str, stride: int, depthwise: bool = False, relu: bool = True) -> str:
        """Convolution with the batch normalisation after it: w * s and b - m * s, with s = g / sqrt(v + epsilon)."""
        (kernel,) = self._next("depthwise_conv2d" if depthwise else "conv2d")
        gamma, beta, mean, variance = self._next("batch_normalization")
        scale = gamma / np.sqrt(variance + EPSILON)
        kernel = kernel.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1)) * scale[:, None, None, None]
        inputs = [x, self._graph.constant(kernel), self._graph.constant(beta - mean * scale)]
        groups = len(kernel) if depthwise else 1
        x = self._graph.node("Conv", *inputs, auto_pad="SAME_UPPER", strides=[stride] * 2, group=groups)
        return self._graph.node("Clip", x, self._graph.constant(0.0), self._graph.constant(6.0)) if relu else x

    def _next(self, kind: str) -> Arrays:
        """Weights of the next layer of that kind; Keras numbers them in the order in which they were built."""
        number = self._count[kind]
        self._count[kind] += 1
        return self._layers[f"{kind}_{number}" if number else kind]


def _arrays(layer: h5py.Group) -> Arrays:
    return [np.asarray(layer["vars"][name]) for name in sorted(layer["vars"], key=int)]
