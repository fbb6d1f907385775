"""A network as a file of ONNX, written layer by layer, and compared with Keras before it is given away.

Keras' own exporter wants tf2onnx, a package that this project does without: its networks have some twenty kinds of
layers, and the graph that is written here has a node or two for each.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tasks.export import layers
from tasks.onnx_graph import Graph, Value

IMAGES, PROBABILITIES = "images", "probabilities"
TOLERANCE = 1e-4
"""Of a probability."""
PROBES = 16
"""Images that the two are compared on."""


def convert(network: keras.Model, facts: Mapping[str, str]) -> onnx.ModelProto:
    """From `images`, uint8 (n, side, side, 3), RGB, to `probabilities`, float32 (n, classes), of any n.

    `facts` become the file's metadata. Raises ValueError that names it for a layer that cannot be written, and where
    ONNX Runtime's probabilities differ from Keras' by more than `TOLERANCE`.
    """
    side = network.input_shape[1]
    graph = Graph()
    floats = graph.node("Cast", IMAGES, to=TensorProto.FLOAT)
    output = _walk(graph, network, Value(graph.channels_first(floats), (None, side, side, 3)))
    graph.output(PROBABILITIES, "Identity", output.name)
    given = helper.make_tensor_value_info(IMAGES, TensorProto.UINT8, ["n", side, side, 3])
    result = helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, ["n", output.shape[-1]])
    made = graph.model("hemaflow", given, result, facts)
    _compare(made, network, side)
    return made


def run(made: onnx.ModelProto, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What ONNX Runtime says of images, uint8 (n, side, side, 3): float32 (n, classes)."""
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {IMAGES: images})[0]


def _walk(graph: Graph, network: keras.Model, given: Value) -> Value:
    """Add a network, its input being `given`; its config lists the layers so that each stands behind its inputs."""
    config, operations = network.get_config(), {one.name: one for one in network.operations}
    made: dict[str, str] = {}
    for entry in config["layers"]:
        layer, calls = operations[entry["name"]], entry["inbound_nodes"]
        if isinstance(layer, keras.layers.InputLayer):
            made[layer.name] = given.name
            continue
        if len(calls) != 1:
            raise layers.refusal(layer, f"expected one call of it, got {len(calls)}")
        inputs = [_value(graph, each, made) for each in _flat([calls[0]["args"], calls[0]["kwargs"]])]
        nested = isinstance(layer, keras.Model)
        made[layer.name] = _walk(graph, layer, inputs[0]).name if nested else layers.write(graph, layer, inputs)
    return Value(made[config["output_layers"][0]], network.output_shape)


def _value(graph: Graph, given: Any, made: Mapping[str, str]) -> Value:
    """An input of a call: what another layer made, or a number."""
    if isinstance(given, dict):
        return Value(made[given["config"]["keras_history"][0]], tuple(given["config"]["shape"]))
    return Value(graph.constant(given))


def _flat(given: Any) -> Iterator[Any]:
    """Tensors and numbers among the arguments of a call, in their order; the rest is None, `training` or `mask`."""
    if isinstance(given, dict) and given.get("class_name") != "__keras_tensor__":
        given = list(given.values())
    if isinstance(given, list | tuple):
        for each in given:
            yield from _flat(each)
    elif isinstance(given, dict | float | int) and not isinstance(given, bool):
        yield given


def _compare(made: onnx.ModelProto, network: keras.Model, side: int) -> None:
    """On blotches of colour: in pure noise a network sees no difference from image to image."""
    random = np.random.default_rng(0)
    patches = random.integers(0, 256, (PROBES, -(-side // 8), -(-side // 8), 3), np.uint8)
    images = patches.repeat(8, axis=1).repeat(8, axis=2)[:, :side, :side]
    expected = network(images.astype(np.float32), training=False).numpy()
    difference = float(np.abs(run(made, images) - expected).max())
    if not difference <= TOLERANCE:  # no number either
        raise ValueError(f"the ONNX file's probabilities differ from Keras' by {difference:.2g}, expected {TOLERANCE}")
