"""A graph of ONNX as it grows: nodes and constants, each known by the name of its output."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

OPSET, IR = 17, 8
"""Versions of ONNX's operators and of its file format: older than any runtime that is still in use."""
NOTHING: Mapping[str, str] = MappingProxyType({})


class Value(NamedTuple):
    """What flows: its name in the graph, and its shape as Keras has it.

    Maps, of rank 4, have their channels last in Keras and in `shape`, and first in the graph.
    """

    name: str
    shape: tuple[int | None, ...] = ()

    @property
    def is_map(self) -> bool:
        """Whether it is (n, height, width, channels)."""
        return len(self.shape) == 4


class Graph:
    """Collects what a model is made of; a method that adds to it returns the name of what it added."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The first output of a new node."""
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, values: Any, dtype: type = np.float32) -> str:
        """An array, or a number, that the file holds."""
        name = f"constant_{len(self._constants)}"
        array: NDArray[Any] = np.asarray(values, dtype, order="C")
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def per_channel(self, values: Any, like: Value) -> str:
        """A constant of one number for each channel of `like`, or one for all, in a shape that broadcasts to it."""
        array = np.asarray(values, np.float32).ravel()
        return self.constant(array.reshape(-1, 1, 1) if like.is_map else array)

    def channels_first(self, name: str) -> str:
        """Maps (n, height, width, channels) as the graph has them."""
        return self.node("Transpose", name, perm=[0, 3, 1, 2])

    def channels_last(self, name: str) -> str:
        """Maps of the graph as Keras has them."""
        return self.node("Transpose", name, perm=[0, 2, 3, 1])

    def output(self, name: str, kind: str, *inputs: str, **attributes: Any) -> None:
        """A new node whose output is one of the model's."""
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))

    def model(
        self,
        name: str,
        given: onnx.ValueInfoProto,
        results: Sequence[onnx.ValueInfoProto],
        facts: Mapping[str, str] = NOTHING,
        check: bool = True,
    ) -> onnx.ModelProto:
        """The whole: `given` in, `results` out, `facts` as the file's metadata; looked through with `check`."""
        graph = helper.make_graph(self._nodes, name, [given], results, self._constants)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR, producer_name="hemaflow")
        helper.set_model_props(model, dict(facts))
        if check:
            onnx.checker.check_model(model, full_check=True)
        return model
