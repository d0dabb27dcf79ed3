"""Every operator in small graphs: the code that is written computes what onnxruntime computes.

Tolerance: 1e-5 of an output's largest value, that of the command. Operators share a graph, which saves kernels.
"""

from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.port.onnx.graphs import Op, floats, whole, write
from jtmigrate.port.onnx.check import compare_with_runtime, made_inputs
from jtmigrate.port.onnx.emitter import OF_MODULES
from jtmigrate.port.onnx.operators import OPERATORS
from jtmigrate.port.onnx.run import port_onnx
from jtmigrate.port.rewrite import output

pytest.importorskip("onnxruntime")

VECTOR = np.array([0.3, -0.7, 1.1, 0.2], np.float32)


def unary(*operators: str, **attributes: object) -> list[Op]:
    return [Op(operator, ["x"], attributes) for operator in operators]


GRAPHS = {
    "activations": [
        *unary("Relu", "Sigmoid", "Tanh", "HardSwish", "Softplus", "Softsign", "Mish", "Erf", "Selu", "Abs", "Neg"),
        *unary("LeakyRelu", "Elu", "Celu", alpha=0.2),
        *unary("HardSigmoid"),
        *unary("HardSigmoid", alpha=1 / 6),
        *unary("Softmax", "LogSoftmax", axis=1),
        Op("PRelu", ["x", floats(4, 1, 1)]),
        Op("PRelu", ["x", floats(1)]),
        Op("Clip", ["x", np.float32(-0.5), np.float32(0.5)]),
        Op("Clip", ["x", None, np.float32(0.5)]),
        Op("Dropout", ["x"]),
        Op("Identity", ["x"]),
    ],
    "arithmetic": [
        *(Op(operator, ["x", floats(4, 1, 1)]) for operator in ("Add", "Sub", "Mul", "Div", "Min", "Max")),
        *(Op(operator, [np.float32(2), "x"]) for operator in ("Sub", "Div", "Mul")),
        Op("Sum", ["x", "x", VECTOR.reshape(4, 1, 1)]),
        Op("Mod", ["x", np.float32(0.7)], {"fmod": 1}),
        Op("Exp", ["x"], outputs=("positive",)),
        Op("Pow", ["positive", np.float32(1.5)]),
        Op("Pow", ["x", np.float32(2)]),
        *(Op(operator, ["positive"]) for operator in ("Log", "Sqrt", "Reciprocal")),
        *unary("Floor", "Ceil", "Round", "Sign", "Sin", "Cos"),
        *(
            Op(operator, ["x", np.float32(0.1)], outputs=(operator,))
            for operator in ("Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Equal")
        ),
        Op("And", ["Greater", "LessOrEqual"], outputs=("and",)),
        Op("Or", ["Greater", "Less"], outputs=("or",)),
        Op("Not", ["and"], outputs=("not",)),
        Op("Where", ["Greater", "x", np.float32(-3)]),
        Op("Where", ["or", "x", "positive"]),
        *(Op("Cast", [name], {"to": 1}) for name in ("and", "or", "not", "Equal", "GreaterOrEqual")),
    ],
    "windows": [
        Op("MaxPool", ["x"], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
        Op("MaxPool", ["x"], {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
        Op("MaxPool", ["x"], {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
        Op("AveragePool", ["x"], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
        Op("AveragePool", ["x"], {"kernel_shape": [2, 3], "pads": [0, 1, 0, 1], "count_include_pad": 1}),
        *unary("GlobalAveragePool", "GlobalMaxPool"),
        Op("LRN", ["x"], {"size": 3, "alpha": 0.1}),
        Op("LpNormalization", ["x"], {"axis": 1}),
        *(
            Op(f"Reduce{name}", ["x", whole(2, 3)], {"keepdims": keep})
            for name, keep in (("Mean", 1), ("Sum", 0), ("Max", 0), ("Min", 1), ("L2", 1), ("L1", 0), ("SumSquare", 0))
        ),
        Op("ReduceProd", ["x", whole(3)]),
        Op("ReduceLogSumExp", ["x", whole(1)], {"keepdims": 0}),
        Op("ReduceMean", ["x"]),
        Op("ArgMax", ["x"], {"axis": 1}),
        Op("ArgMin", ["x"], {"axis": 2, "keepdims": 0}),
        Op("TopK", ["x", whole(2)], {"axis": 3}, ("top", "places")),
    ],
    "resizing": [
        Op("Resize", ["x", None, np.array([1, 1, 2, 2], np.float32)], {"mode": "nearest", "nearest_mode": "floor",
            "coordinate_transformation_mode": "asymmetric"}),
        Op("Resize", ["x", None, np.array([1, 1, 2, 2], np.float32)], {"mode": "nearest"}),
        Op("Resize", ["x", None, None, whole(2, 4, 5, 9)], {"mode": "linear"}),
        Op("Resize", ["x", None, None, whole(2, 4, 9, 5)], {"mode": "linear",
            "coordinate_transformation_mode": "align_corners"}),
        Op("Resize", ["x", None, None, whole(2, 4, 12, 14)], {"mode": "cubic"}),
        Op("DepthToSpace", ["x"], {"blocksize": 2, "mode": "CRD"}),
        Op("Pad", ["x", whole(0, 0, 1, 2, 0, 0, 3, 0), np.float32(0.5)]),
        Op("Pad", ["x", whole(0, 0, 1, 2, 0, 0, 1, 1)], {"mode": "reflect"}),
        Op("Pad", ["x", whole(1, 2, 1, 2), None, whole(2, 3)], {"mode": "edge"}),
    ],
    "shapes": [
        Op("Reshape", ["x", whole(0, -1)], outputs=("flat",)),
        Op("Flatten", ["x"]),
        Op("Transpose", ["x"], {"perm": [0, 2, 3, 1]}),
        Op("Unsqueeze", ["x", whole(1, 5)], outputs=("wide",)),
        Op("Squeeze", ["wide", whole(1)]),
        Op("Concat", ["x", floats(2, 2, 6, 7)], {"axis": 1}),
        Op("Split", ["x", whole(1, 3)], {"axis": 1}, ("one", "three")),
        Op("Split", ["x"], {"axis": 2, "num_outputs": 2}, ("upper", "lower")),
        Op("Slice", ["x", whole(1, 0), whole(1000, -2), whole(3, 2), whole(2, 1)]),
        Op("Gather", ["x", np.int64(-1)], {"axis": 1}),
        Op("Gather", ["x", whole(3, 0, 1)], {"axis": 1}),
        Op("Gather", ["x", whole(3, 0, 1, 1).reshape(2, 2)], {"axis": 3}),
        Op("Gather", [floats(5, 3), whole(4, 0)], outputs=("rows",)),
        Op("Add", ["rows", floats(2, 3)], outputs=("folded",)),
        Op("GatherElements", ["x", np.zeros((2, 4, 1, 7), np.int64)], {"axis": 2}),
        Op("ScatterND", ["x", whole(1).reshape(1, 1), floats(1, 4, 6, 7)]),
        Op("ReduceMean", ["x", whole(2, 3)], outputs=("mean",)),
        Op("Expand", ["mean", whole(2, 1, 6, 7)]),
        Op("Tile", ["mean", whole(1, 1, 2, 3)]),
        Op("CumSum", ["x", np.int64(1)]),
        Op("Einsum", ["x", "mean"], {"equation": "bchw,bcij->bhw"}),
        Op("Shape", ["x"], outputs=("sizes",)),
        Op("ConstantOfShape", ["sizes"], outputs=("zeros",)),
        Op("Add", ["x", "zeros"]),
        Op("Range", [np.int64(0), np.int64(7), np.int64(1)], outputs=("numbers",)),
        Op("Cast", ["numbers"], {"to": 1}, ("real",)),
        Op("Mul", ["x", "real"]),
    ],
    "layers": [
        Op("Conv", ["x", floats(6, 2, 3, 3), floats(6)], {"group": 2, "pads": [1, 1, 1, 1], "strides": [2, 2]}),
        Op("Conv", ["x", floats(3, 4, 3, 3)], {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
        Op("Conv", ["x", floats(3, 4, 2, 3)], {"pads": [0, 1, 1, 2], "dilations": [2, 1]}),
        Op("ConvTranspose", ["x", floats(4, 3, 3, 3), floats(3)], {"strides": [2, 2], "pads": [1, 1, 1, 1],
            "output_padding": [1, 1]}),
        Op("ConvTranspose", ["x", floats(4, 1, 2, 2)], {"strides": [2, 2], "group": 4}),
        Op("BatchNormalization", ["x", VECTOR, VECTOR, VECTOR, VECTOR**2], {"epsilon": 1e-3}),
        Op("InstanceNormalization", ["x", VECTOR, VECTOR]),
        Op("LayerNormalization", ["x", floats(7), floats(7)]),
        Op("LayerNormalization", ["x", floats(6, 7)], {"axis": -2}),
        Op("ReduceMean", ["x", whole(2, 3)], {"keepdims": 0}, ("vector",)),
        Op("Gemm", ["vector", floats(3, 4), floats(3)], {"transB": 1}),
        Op("Gemm", ["vector", floats(4, 3), floats(2, 3)], {"alpha": 0.5, "beta": 2.0}),
        Op("MatMul", ["x", floats(7, 5)], outputs=("product",)),
        Op("Add", ["product", floats(5)]),
        Op("MatMul", ["x", floats(7, 3)]),
        Op("Transpose", ["x"], {"perm": [0, 1, 3, 2]}, ("turned",)),
        Op("MatMul", ["x", "turned"]),
    ],
    "normalisation": [
        Op("GroupNormalization", ["x", VECTOR, VECTOR], {"num_groups": 2}),
        *unary("Gelu"),
        *unary("Gelu", approximate="tanh"),
    ],
}  # fmt: skip
OPSETS = {"normalisation": 21}


def ported(path: Path, folder: Path):
    """What was ported, after it was written and all its outputs were compared."""
    result = port_onnx(path)
    assert result.unsupported == ()
    output.write(result.output, folder)
    for one in compare_with_runtime(path, result.graph, folder, made_inputs(result.graph)):
        assert one, one
    return result


@pytest.mark.slow
@pytest.mark.parametrize("theme", GRAPHS)
def test_operators(theme: str, tmp_path: Path):
    nodes = GRAPHS[theme]
    results = [name for place, node in enumerate(nodes) for name in node.outputs or (f"y{place}",)]
    bools = ("Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Equal", "and", "or", "not")
    named = [name for name in results if name not in (*bools, "product")]
    path = write(tmp_path / "model.onnx", nodes, named, opset=OPSETS.get(theme, 18), x=(2, 4, 6, 7))
    ported(path, tmp_path / "out")


def test_no_attribute_hides_what_modules_have():
    from jtmigrate.parity import nn

    assert {name for name in dir(nn.Module()) if not name.startswith("_")} - OF_MODULES == set()


def test_every_operator_is_in_a_graph():
    tested = {node.op for nodes in GRAPHS.values() for node in nodes}
    assert set(OPERATORS) - tested == set()


@pytest.mark.slow
def test_sizes_of_the_batch_are_computed(tmp_path: Path):
    """What exporters write for x.view(x.size(0) * 2, -1): the sizes are Python numbers, no tensors."""
    nodes = [
        Op("Shape", ["x"], {"start": 0, "end": 1}, ("first",)),
        Op("Mul", ["first", whole(2)], outputs=("twice",)),
        Op("Concat", ["twice", whole(-1)], {"axis": 0}, ("wanted",)),
        Op("Reshape", ["x", "wanted"], outputs=("y",)),
        Op("Shape", ["x"], outputs=("all",)),
        Op("Gather", ["all", np.int64(0)], outputs=("number",)),
        Op("Unsqueeze", ["number", whole(0)], outputs=("again",)),
        Op("Concat", ["again", whole(3, 4)], {"axis": 0}, ("shape",)),
        Op("Expand", [floats(1, 3, 1), "shape"], outputs=("z",)),
    ]
    result = ported(write(tmp_path / "model.onnx", nodes, ["y", "z"], x=("batch", 3, 4)), tmp_path / "out")
    text = next(data for path, data in result.output.texts.items() if path.suffix == ".py").decode()
    assert "        batch = x.shape[0]\n" in text
    assert "x.reshape(batch * 2, -1)" in text
    assert ".expand(batch, 3, 4)" in text


@pytest.mark.slow
def test_parts_of_one_weight_are_layers_of_their_own(tmp_path: Path):
    """Two halves of a constant come from the same initialiser, and are not the same layer."""
    whole_weight = [
        Op("Identity", [floats(4, 2, 1, 1)], outputs=("weight",)),
        *(
            Op("Slice", ["weight", whole(2 * part), whole(2 * part + 2), whole(0)], outputs=(f"part{part}",))
            for part in range(2)
        ),
        *(Op("Conv", ["x", f"part{part}"], outputs=(f"z{part}",)) for part in range(2)),
        Op("Conv", ["x", "part0"], outputs=("again",)),
    ]
    result = ported(
        write(tmp_path / "model.onnx", whole_weight, ["z0", "z1", "again"], x=("n", 2, 3, 3)), tmp_path / "out"
    )
    text = next(data for path, data in result.output.texts.items() if path.suffix == ".py").decode()
    assert text.count(" = nn.Conv2d(2, 2, 1, bias=False)") == 2


def test_what_is_constant_is_computed_beforehand(tmp_path: Path):
    nodes = [
        Op("Constant", [], {"value_float": 2.0}, ("two",)),
        Op("Mul", [floats(3, 4), "two"], outputs=("weight",)),
        Op("Transpose", ["weight"], {"perm": [1, 0]}, ("turned",)),
        Op("MatMul", ["x", "turned"], outputs=("y",)),
    ]
    result = port_onnx(write(tmp_path / "model.onnx", nodes, ["y"], x=(2, 4)))
    text = next(data for path, data in result.output.texts.items() if path.suffix == ".py").decode()
    assert "        y = self.linear(x)  # (2, 3)\n        return y\n" in text
