"""An ONNX model as plain data: nodes, constants, and what is known about shapes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jtmigrate.errors import UserError

Dimension = int | str | None
"""A size, the name of a size that is only known in a run, or None where nothing is known."""

Shape = tuple[Dimension, ...]


@dataclass(frozen=True)
class Node:
    """One operation.

    outputs     names of its results, "" for those that nothing takes
    attributes  as Python values: numbers, text, lists, arrays
    proto       the message itself, which ONNX's own evaluator runs where all inputs are constants
    """

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    proto: Any

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or what holds without it."""
        return self.attributes.get(name, default)

    def input(self, index: int) -> str:
        """The name of an input, "" for one that is left out."""
        return self.inputs[index] if index < len(self.inputs) else ""


@dataclass(frozen=True)
class Graph:
    """A graph whose nodes stand in the order in which they run.

    inputs, outputs  names, without constants
    constants        initialisers by name
    shapes, dtypes   of values, as far as they are known; a dtype as numpy calls it
    uses             name -> how many nodes and outputs take it
    opset            the version of the standard operators
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    constants: Mapping[str, np.ndarray]
    shapes: Mapping[str, Shape]
    dtypes: Mapping[str, str]
    uses: Mapping[str, int]
    opset: int


def read_graph(path: Path) -> Graph:
    """Read an ONNX file, with data that lie in files beside it.

    Raises UserError if it cannot be read, or ModuleNotFoundError without the onnx package.
    """
    import onnx
    from google.protobuf.message import DecodeError

    if not path.is_file():
        raise UserError(f"no such file: {path}")
    try:
        model = onnx.load(str(path))
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except (
        DecodeError,
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
        OSError,
        ValueError,
    ) as error:
        reason = next(iter(str(error).splitlines()), "")
        raise UserError(f"{path} is no ONNX model that can be read: {reason}") from error
    graph = _graph(model)
    known = {"", *graph.inputs, *graph.constants, *(name for node in graph.nodes for name in node.outputs)}
    taken = (*(name for node in graph.nodes for name in node.inputs), *graph.outputs)
    lost = [name for name in taken if name not in known]
    if lost or not graph.outputs:
        what = f"nothing gives {lost[0]!r}" if lost else "it has no outputs"
        raise UserError(f"{path} is no ONNX model that can be read: {what}")
    return graph


def _graph(model: Any) -> Graph:
    from onnx import helper, numpy_helper

    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    shapes: dict[str, Shape] = {name: array.shape for name, array in constants.items()}
    dtypes = {name: array.dtype.name for name, array in constants.items()}
    for value in (*graph.value_info, *graph.input, *graph.output):
        held = value.type.tensor_type
        if value.type.HasField("tensor_type") and held.elem_type:
            dtypes[value.name] = helper.tensor_dtype_to_np_dtype(held.elem_type).name
        if held.HasField("shape"):
            shapes[value.name] = tuple(map(_dimension, held.shape.dim))
    nodes = tuple(
        Node(
            node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}",
            node.name,
            tuple(node.input),
            tuple(node.output),
            {one.name: _attribute(helper.get_attribute_value(one)) for one in node.attribute},
            node,
        )
        for node in graph.node
    )
    outputs = tuple(value.name for value in graph.output)
    taken = [name for node in nodes for name in node.inputs] + list(outputs)
    opset = max((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), default=1)
    inputs = tuple(value.name for value in graph.input if value.name not in constants)
    return Graph(inputs, outputs, nodes, constants, shapes, dtypes, Counter(taken), opset)


def _dimension(dimension: Any) -> Dimension:
    if dimension.HasField("dim_value"):
        return dimension.dim_value
    return dimension.dim_param or None


def _attribute(value: Any) -> Any:
    from onnx import TensorProto, numpy_helper

    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    return value.decode() if isinstance(value, bytes) else list(value) if isinstance(value, list | tuple) else value
