"""Small ONNX graphs, written node by node."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 18


class Op(NamedTuple):
    """A node: its operator, what it takes, its attributes, and the names of its results ("" for one that is unused).

    inputs  names, or arrays that become constants
    """

    op: str
    inputs: Sequence[str | np.ndarray | None]
    attributes: Mapping[str, Any] = {}
    outputs: tuple[str, ...] = ()


def write(
    path: Path, nodes: Sequence[Op], outputs: Sequence[str], *, opset: int = OPSET, **inputs: Sequence[int | str]
) -> Path:
    """A model of float32 inputs of these shapes; a node whose result has no name gives "y0", ... by place."""
    made, constants = [], []
    for place, node in enumerate(nodes):
        names = []
        for index, given in enumerate(node.inputs):
            if isinstance(given, np.ndarray | np.generic):
                names.append(f"c{place}_{index}")
                constants.append(numpy_helper.from_array(np.asarray(given), names[-1]))
            else:
                names.append(given or "")
        results = node.outputs or (f"y{place}",)
        made.append(helper.make_node(node.op, names, list(results), name=f"n{place}", **node.attributes))
    graph = helper.make_graph(
        made,
        "graph",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.save(onnx.shape_inference.infer_shapes(model, data_prop=True), path)
    return path


def floats(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def whole(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)
