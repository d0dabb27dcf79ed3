"""Operators with weights: convolutions, linear layers, normalisation."""

from collections.abc import Sequence

import numpy as np

from jtmigrate.port.onnx.emitter import Emitter
from jtmigrate.port.onnx.graph import Node
from jtmigrate.port.onnx.values import CannotPort, Constant, literal

_DIMENSIONAL = {1: "1d", 2: "2d", 3: "3d"}


def number(values: Sequence[int]) -> str:
    """A number for all axes if they agree: "2", else "(2, 1)"."""
    return str(values[0]) if len(set(values)) == 1 else str(tuple(values))


def options(**given: tuple[object, object]) -> str:
    """Keyword arguments, those left out that have their default: name=(value, default)."""
    return "".join(f", {name}={value}" for name, (value, default) in given.items() if str(value) != str(default))


def padding_of(node: Node, emitter: Emitter, kernel: Sequence[int]) -> tuple[list[int], list[int]]:
    """What is added before and behind each axis. Raises CannotPort if it depends on sizes that are not known."""
    dims = len(kernel)
    automatic = node.attribute("auto_pad", "NOTSET")
    if automatic == "VALID":
        return [0] * dims, [0] * dims
    if automatic == "NOTSET":
        pads = node.attribute("pads", [0] * 2 * dims)
        return list(pads[:dims]), list(pads[dims:])
    before, behind = [], []
    strides, dilations = node.attribute("strides", [1] * dims), node.attribute("dilations", [1] * dims)
    for axis, (size, stride, dilation) in enumerate(zip(kernel, strides, dilations, strict=True)):
        length = emitter.dimension(node.input(0), axis + 2)
        if not isinstance(length, int):
            raise CannotPort(f"auto_pad={automatic} with an input of a size that is only known in a run")
        total = max((-(-length // stride) - 1) * stride + dilation * (size - 1) + 1 - length, 0)
        before.append(total - total // 2 if automatic == "SAME_LOWER" else total // 2)
        behind.append(total - before[-1])
    return before, behind


def padded(x: str, before: Sequence[int], behind: Sequence[int], value: str = "") -> tuple[str, str]:
    """An expression for the input, padded where the two sides differ, and the padding left to the operator."""
    if list(before) == list(behind):
        return x, number(before)
    pads = [size for pair in reversed(list(zip(before, behind, strict=True))) for size in pair]
    return f"F.pad({x}, {pads}{value})", "0"


def conv(node: Node, emitter: Emitter) -> None:
    weight = emitter.constant(node.input(1), "weight")
    dims = weight.ndim - 2
    groups = node.attribute("group", 1)
    before, behind = padding_of(node, emitter, weight.shape[2:])
    x, padding = padded(emitter.tensor(node.input(0)), before, behind)
    made = (
        f"nn.Conv{_dimensional(dims)}({weight.shape[1] * groups}, {weight.shape[0]}, {number(weight.shape[2:])}"
        + options(
            stride=(number(node.attribute("strides", [1] * dims)), 1),
            padding=(padding, 0),
            dilation=(number(node.attribute("dilations", [1] * dims)), 1),
            groups=(groups, 1),
            bias=(bool(node.input(2)), True),
        )
        + ")"
    )
    emitter.emit(node, f"{_weighted(node, emitter, made)}({x})")


def conv_transpose(node: Node, emitter: Emitter) -> None:
    weight = emitter.constant(node.input(1), "weight")
    dims = weight.ndim - 2
    groups = node.attribute("group", 1)
    if node.attribute("auto_pad", "NOTSET") != "NOTSET" or "output_shape" in node.attributes:
        raise CannotPort("auto_pad and output_shape are not supported")
    before, behind = padding_of(node, emitter, weight.shape[2:])
    # What is cut off less behind than before is what PyTorch calls output_padding.
    extra = [
        more + first - last
        for more, first, last in zip(node.attribute("output_padding", [0] * dims), before, behind, strict=True)
    ]
    if min(extra) < 0:
        raise CannotPort(f"pads {before} and {behind} are not supported")
    made = (
        f"nn.ConvTranspose{_dimensional(dims)}({weight.shape[0]}, {weight.shape[1] * groups}, "
        f"{number(weight.shape[2:])}"
        + options(
            stride=(number(node.attribute("strides", [1] * dims)), 1),
            padding=(number(before), 0),
            output_padding=(number(extra), 0),
            groups=(groups, 1),
            bias=(bool(node.input(2)), True),
            dilation=(number(node.attribute("dilations", [1] * dims)), 1),
        )
        + ")"
    )
    emitter.emit(node, f"{_weighted(node, emitter, made)}({emitter.tensor(node.input(0))})")


def _weighted(node: Node, emitter: Emitter, constructor: str) -> str:
    weights = {"weight": node.input(1)} | ({"bias": node.input(2)} if node.input(2) else {})
    return emitter.layer(node, constructor, weights)


def _dimensional(dims: int) -> str:
    if dims not in _DIMENSIONAL:
        raise CannotPort(f"{dims} spatial dimensions are not supported")
    return _DIMENSIONAL[dims]


def gemm(node: Node, emitter: Emitter) -> None:
    alpha, beta = node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    weight, bias = emitter.value(node.input(1)), emitter.value(node.input(2)) if node.input(2) else None
    plain = alpha == beta == 1.0 and not node.attribute("transA", 0)
    is_vector = bias is None or (isinstance(bias, Constant) and bias.array.ndim == 1 and bias.array.size > 1)
    if plain and isinstance(weight, Constant) and is_vector:
        array = weight.array if node.attribute("transB", 0) else weight.array.T
        arrays = {"weight": np.ascontiguousarray(array)} | ({"bias": bias.array} if bias is not None else {})
        emitter.emit(
            node, f"{linear(node, emitter, arrays, [node.input(1), node.input(2)])}({emitter.tensor(node.input(0))})"
        )
        return
    a, b = (
        f"{emitter.tensor(node.input(index))}{'.transpose(1, 0)' if node.attribute(flag, 0) else ''}"
        for index, flag in enumerate(("transA", "transB"))
    )
    product = f"jt.matmul({a}, {b})" if alpha == 1.0 else f"{alpha!r} * jt.matmul({a}, {b})"
    if bias is not None:
        added = emitter.operand(node.input(2))
        product += f" + {added}" if beta == 1.0 else f" + {beta!r} * {added}"
    emitter.emit(node, product)


def linear(node: Node, emitter: Emitter, arrays: dict[str, np.ndarray], names: Sequence[str]) -> str:
    """A linear layer with these weights (out, in), and perhaps a bias, named after where they come from."""
    outputs, inputs = arrays["weight"].shape
    made = f"nn.Linear({inputs}, {outputs}{options(bias=('bias' in arrays, True))})"
    origins = [emitter.origin(name) for name in names if name]
    named = next((origin.rpartition(".")[0] for origin in origins if "." in origin), "")
    # Exporters merge equal constants: a name that is taken is another layer's.
    return emitter.layer_of(named if named and emitter.is_free(named) else "linear", made, arrays)


def matmul(node: Node, emitter: Emitter) -> None:
    weight = emitter.value(node.input(1))
    x = emitter.value(node.input(0))
    if isinstance(weight, Constant) and weight.array.ndim == 2 and not isinstance(x, Constant):
        arrays = {"weight": np.ascontiguousarray(weight.array.T)}
        output, names = node.outputs[0], [node.input(1)]
        if found := emitter.bias_after(node, weight.array.shape[1]):
            add, bias = found
            arrays["bias"] = emitter.constant(bias, "bias").reshape(-1)
            names.append(bias)
            output = add.outputs[0]
        emitter.line(output, f"{linear(node, emitter, arrays, names)}({emitter.tensor(node.input(0))})", node)
        return
    emitter.emit(node, f"jt.matmul({emitter.tensor(node.input(0))}, {emitter.tensor(node.input(1))})")


def batch_normalization(node: Node, emitter: Emitter) -> None:
    if node.attribute("training_mode", 0) or len([name for name in node.outputs if name]) > 1:
        raise CannotPort("training mode is not supported; export the model in evaluation mode")
    rank = emitter.rank(node.input(0))
    channels = emitter.constant(node.input(1), "scale").size
    made = f"nn.BatchNorm{_dimensional(max(rank - 2, 1))}({channels}{_eps(node)})"
    names = ("weight", "bias", "running_mean", "running_var")
    layer = emitter.layer(node, made, dict(zip(names, node.inputs[1:], strict=True)))
    emitter.emit(node, f"{layer}({emitter.tensor(node.input(0))})")


def instance_normalization(node: Node, emitter: Emitter) -> None:
    dims = emitter.rank(node.input(0)) - 2
    channels = emitter.constant(node.input(1), "scale").size
    made = f"nn.InstanceNorm{_dimensional(dims)}({channels}{_eps(node)}, affine=True)"
    layer = emitter.layer(node, made, {"weight": node.input(1), "bias": node.input(2)})
    emitter.emit(node, f"{layer}({emitter.tensor(node.input(0))})")


def group_normalization(node: Node, emitter: Emitter) -> None:
    channels, groups = emitter.shape(node.input(0))[1], node.attribute("num_groups")
    if emitter.constant(node.input(1), "scale").size != channels:
        raise CannotPort("weights for each group instead of each channel (opset 18) are not supported; take opset 21")
    layer = emitter.layer(
        node, f"nn.GroupNorm({groups}, {channels}{_eps(node)})", {"weight": node.input(1), "bias": node.input(2)}
    )
    emitter.emit(node, f"{layer}({emitter.tensor(node.input(0))})")


def layer_normalization(node: Node, emitter: Emitter) -> None:
    if len([name for name in node.outputs if name]) > 1:
        raise CannotPort("its mean and deviation are used")
    rank = emitter.rank(node.input(0))
    scale = emitter.constant(node.input(1), "scale")
    axis = node.attribute("axis", -1) % rank
    if scale.ndim != rank - axis:
        raise CannotPort(f"a scale of shape {list(scale.shape)} over {rank - axis} axes is not supported")
    made = f"nn.LayerNorm({number(scale.shape) if scale.ndim == 1 else list(scale.shape)}{_eps(node)}"
    weights = {"weight": node.input(1)} | ({"bias": node.input(2)} if node.input(2) else {})
    layer = emitter.layer(node, made + options(bias=(bool(node.input(2)), True)) + ")", weights)
    emitter.emit(node, f"{layer}({emitter.tensor(node.input(0))})")


def prelu(node: Node, emitter: Emitter) -> None:
    slope = emitter.constant(node.input(1), "slope")
    x, rank = emitter.tensor(node.input(0)), emitter.rank(node.input(0))
    # One slope a channel: as many dimensions as follow the batch, all but the first of size 1.
    per_channel = slope.ndim == rank - 1 and slope.size == slope.shape[0]
    if slope.size != 1 and not per_channel:
        raise CannotPort(f"a slope of shape {list(slope.shape)} is not supported")
    name = emitter.origin(node.input(1)).rpartition(".")[0] or "prelu"
    layer = emitter.layer_of(name, f"nn.PReLU({slope.size})", {"weight": slope.reshape(-1)})
    emitter.emit(node, f"{layer}({x})")


def _eps(node: Node) -> str:
    return options(eps=(literal(np.float32(node.attribute("epsilon", 1e-5))), "1e-05"))


OPERATORS = {
    "BatchNormalization": batch_normalization,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Gemm": gemm,
    "GroupNormalization": group_normalization,
    "InstanceNormalization": instance_normalization,
    "LayerNormalization": layer_normalization,
    "MatMul": matmul,
    "PRelu": prelu,
}
