"""The whole way of an ONNX file: read, fold what is constant, write line by line, assemble."""

import io
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from jtmigrate.port.onnx.emitter import Emitter, narrow
from jtmigrate.port.onnx.graph import Graph, Node, read_graph
from jtmigrate.port.onnx.operators import OPERATORS
from jtmigrate.port.onnx.source import source_text
from jtmigrate.port.onnx.values import CannotPort, Constant
from jtmigrate.port.rewrite.output import Output

MODEL, WEIGHTS = PurePosixPath("model.py"), PurePosixPath("weights.npz")

_RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"}
)

_NUMBERS = (
    ("value_int", np.int64),
    ("value_ints", np.int64),
    ("value_float", np.float32),
    ("value_floats", np.float32),
)
"""Attributes in which a constant may stand beside `value`."""

_LARGEST_FOLDED = 1 << 24
"""Elements of a constant that is computed beforehand."""


@dataclass(frozen=True)
class Unsupported:
    """A node that cannot be ported: where it is, its operator, why."""

    node: str
    op: str
    reason: str


@dataclass(frozen=True)
class OnnxPort:
    """A ported graph; true in a boolean context if nothing is missing. Without that, `output` is empty.

    nodes        how many the graph has
    unsupported  in the order of the graph; what depends on them is not looked at
    """

    graph: Graph
    output: Output
    nodes: int
    unsupported: tuple[Unsupported, ...]

    def __bool__(self) -> bool:
        return not self.unsupported


def port_onnx(path: Path) -> OnnxPort:
    """Port an ONNX file, in memory. Raises UserError if it cannot be read."""
    graph = read_graph(path)
    emitter = Emitter(graph)
    unsupported: list[Unsupported] = []
    for place, node in enumerate(graph.nodes):
        if all(emitter.is_known(name) for name in node.outputs if name):
            continue
        missing = [name for name in node.inputs if name and not emitter.is_known(name)]
        try:
            if node.op not in _RANDOM and not missing and _fold(node, emitter):
                continue
            if node.op not in OPERATORS:
                raise CannotPort("this operator is not supported")
            if not missing:
                OPERATORS[node.op](node, emitter)
        except CannotPort as error:
            unsupported.append(Unsupported(node.name or f"node {place}", node.op, str(error)))
    output = Output({}, {}, {})
    if not unsupported:
        results = [emitter.tensor(name) for name in graph.outputs]
        text = source_text(path.name, emitter, results)
        weights = {WEIGHTS: _npz(emitter)} if emitter.state else {}
        output = Output({MODEL: text.encode(), **weights}, {}, {})
    return OnnxPort(graph, output, len(graph.nodes), tuple(unsupported))


def _fold(node: Node, emitter: Emitter) -> bool:
    """Compute a node whose inputs are all constants; whether it was."""
    if node.op == "Constant":
        emitter.set(node.outputs[0], Constant(_constant(node)))
        return True
    given = {name: emitter.value(name) for name in node.inputs if name}
    if not given or not all(isinstance(value, Constant) for value in given.values()):
        return False
    found = _evaluated(node, {name: value.array for name, value in given.items()}, emitter.graph.opset)
    if sum(array.size for array in found) > _LARGEST_FOLDED:
        raise CannotPort("its result is a constant of more than 16 million numbers")
    origin = next(iter(given.values())).origin if len(given) == 1 or node.op == "Reshape" else ""
    for name, array in zip(node.outputs, found, strict=False):
        emitter.set(name, Constant(array, origin))
    return True


def _constant(node: Node) -> np.ndarray:
    for name, dtype in _NUMBERS:
        if name in node.attributes:
            return np.array(node.attribute(name), dtype)
    if "value" not in node.attributes:
        raise CannotPort("a constant of text, or a sparse one, is not supported")
    return node.attribute("value")


def _evaluated(node: Node, inputs: dict[str, np.ndarray], opset: int) -> list[np.ndarray]:
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    given = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), None)
        for name, array in inputs.items()
    ]
    made = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in node.outputs if name]
    graph = helper.make_graph([node.proto], "one", given, made)
    opsets = [helper.make_opsetid(node.proto.domain, opset)]
    return ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets)).run(None, inputs)


def _npz(emitter: Emitter) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{name: narrow(array) for name, array in emitter.state.items()})
    return file.getvalue()
