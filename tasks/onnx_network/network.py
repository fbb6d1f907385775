"""A whole network as a graph of ONNX, layer by layer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from onnx import ModelProto, TensorProto, helper

from tasks.onnx_graph import NOTHING, Graph, Value
from tasks.onnx_network import layers
from tasks.onnx_network.stored import Layer, Weights

IMAGES, PROBABILITIES, FEATURES = "images", "probabilities", "features"
Config = Mapping[str, Any]


def write(
    config: Config, weights: Weights, pooled: Sequence[str] = (), facts: Mapping[str, str] = NOTHING, check: bool = True
) -> ModelProto:
    """From `images`, uint8 (n, side, side, 3), RGB, to `probabilities`, float32 (n, classes), of any n.

    `config` is what `get_config` of a functional network gives. With `pooled`, names of layers with maps, the outputs
    of these, averaged over the image, stand beside each other in `features`, float32 (n, d). `facts` become the file's
    metadata. `check` has ONNX look through the result. Raises ValueError, which names it, for a layer that cannot be
    written.
    """
    graph = Graph()
    given = _input(config)
    floats = graph.node("Cast", graph.channels_first(IMAGES), to=TensorProto.FLOAT)
    made = _walk(graph, config, weights, Value(floats, given), ())
    graph.output(PROBABILITIES, "Identity", made[_first(config["output_layers"])])
    outputs = [PROBABILITIES]
    if pooled:
        _features(graph, made, pooled)
        outputs.append(FEATURES)
    images = helper.make_tensor_value_info(IMAGES, TensorProto.UINT8, ["n", *given[1:]])
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", None]) for name in outputs]
    return graph.model("hemaflow", images, results, facts, check)


def _input(config: Config) -> tuple[int | None, ...]:
    name = _first(config["input_layers"])
    entry = next(entry for entry in config["layers"] if entry["name"] == name)
    return tuple(entry["config"]["batch_shape"])


def _first(layers: Any) -> str:
    """The first of a network's inputs or outputs: ["name", 0, 0], or a list of such."""
    return str(layers[0] if isinstance(layers[0], str) else layers[0][0])


def _features(graph: Graph, made: Mapping[str, str], pooled: Sequence[str]) -> None:
    missing = [name for name in pooled if name not in made]
    if missing:
        raise ValueError(f"the network has no layer {missing[0]}, whose output was to be pooled")
    means = [graph.node("ReduceMean", made[name], axes=[2, 3], keepdims=0) for name in pooled]
    graph.output(FEATURES, "Concat", *means, axis=1)


def _walk(graph: Graph, config: Config, weights: Weights, given: Value, names: tuple[str, ...]) -> dict[str, str]:
    """Add a network, its input being `given`; each layer's output by its name.

    A config lists the layers so that each stands behind its inputs.
    """
    made: dict[str, str] = {}
    for entry in config["layers"]:
        path = (*names, entry["name"])
        layer = Layer(entry["name"], entry["class_name"], entry["config"], weights.get(path, []))
        if layer.kind == "InputLayer":
            made[layer.name] = given.name
            continue
        calls = entry["inbound_nodes"]
        if len(calls) != 1:
            raise layers.refusal(layer, f"expected one call of it, got {len(calls)}")
        inputs = [_value(graph, each, made) for each in _flat([calls[0]["args"], calls[0]["kwargs"]])]
        if layer.kind == "Functional":
            inner = _walk(graph, layer.config, weights, inputs[0], path)
            made[layer.name] = inner[_first(layer.config["output_layers"])]
        else:
            made[layer.name] = layers.write(graph, layer, inputs)
    return made


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
