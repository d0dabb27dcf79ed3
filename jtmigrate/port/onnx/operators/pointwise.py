"""Operators that work element by element: activations, arithmetic, comparisons."""

from collections.abc import Callable

import numpy as np

from jtmigrate.port.onnx.emitter import Emitter
from jtmigrate.port.onnx.graph import Node
from jtmigrate.port.onnx.values import CannotPort, Constant, Line, Size, Sizes, literal, sizes_or_constant

_SIZES = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "//"}


def unary(template: str) -> Callable[[Node, Emitter], None]:
    """An operator of one tensor: "F.relu({x})"."""

    def write(node: Node, emitter: Emitter) -> None:
        emitter.emit(node, template.format(x=emitter.tensor(node.input(0))))

    return write


def between(template: str) -> Callable[[Node, Emitter], None]:
    """An operator of two tensors: "jt.logical_and({x}, {y})"."""

    def write(node: Node, emitter: Emitter) -> None:
        emitter.emit(node, template.format(x=emitter.tensor(node.input(0)), y=emitter.tensor(node.input(1))))

    return write


def with_numbers(template: str, **defaults: float) -> Callable[[Node, Emitter], None]:
    """An operator of one tensor with numbers as attributes: "F.leaky_relu({x}, {alpha})"."""

    def write(node: Node, emitter: Emitter) -> None:
        numbers = {name: literal(np.float32(node.attribute(name, value))) for name, value in defaults.items()}
        emitter.emit(node, template.format(x=emitter.tensor(node.input(0)), **numbers))

    return write


def binary(operator: str) -> Callable[[Node, Emitter], None]:
    """An operator between two tensors, sizes or numbers."""

    def write(node: Node, emitter: Emitter) -> None:
        kinds = {type(emitter.value(name)) for name in node.inputs}
        if node.op in _SIZES and Sizes in kinds and Line not in kinds:
            emitter.set(node.outputs[0], _of_sizes(_SIZES[node.op], node, emitter))
            return
        left, right = map(emitter.operand, node.inputs)
        if node.op == "Div" and emitter.is_integer(node.input(0)):
            emitter.emit(node, f'ops.div({left}, {right}, rounding_mode="trunc")')
        else:
            emitter.emit(node, f"{left} {operator} {right}")

    return write


def _of_sizes(operator: str, node: Node, emitter: Emitter) -> Sizes | Constant:
    sides = [emitter.sizes(name, "operand") for name in node.inputs]
    length = max(map(len, sides))
    left, right = (side * length if len(side) == 1 else side for side in sides)
    items = tuple(_computed(a, operator, b) for a, b in zip(left, right, strict=True))
    is_scalar = all(emitter.shape(name) == () for name in node.inputs)
    return sizes_or_constant(items, is_scalar=is_scalar and length == 1)


def _computed(left: Size, operator: str, right: Size) -> Size:
    if isinstance(left, int) and isinstance(right, int):
        return {"+": left + right, "-": left - right, "*": left * right, "//": left // right if right else 0}[operator]
    if right == 1 and operator in ("*", "//"):
        return left
    sides = (f"({side})" if " " in str(side) else str(side) for side in (left, right))
    return f" {operator} ".join(sides)


def many(function: str) -> Callable[[Node, Emitter], None]:
    """An operator that takes any number of tensors, two at a time."""

    def write(node: Node, emitter: Emitter) -> None:
        numbers = [name for name in node.inputs if isinstance(emitter.value(name), Constant)]
        tensors = [name for name in node.inputs if name not in numbers]
        found = emitter.tensor(tensors[0])
        for name in (*tensors[1:], *numbers):
            found = f"ops.{function}({found}, {emitter.tensor(name)})"
        emitter.emit(node, found)

    return write


def addition(node: Node, emitter: Emitter) -> None:
    emitter.emit(node, " + ".join(map(emitter.operand, node.inputs)))


def power(node: Node, emitter: Emitter) -> None:
    exponent = emitter.value(node.input(1))
    if isinstance(exponent, Constant) and exponent.array.size == 1 and float(exponent.array.reshape(-1)[0]) == 2:
        emitter.emit(node, f"{emitter.tensor(node.input(0))}.sqr()")
    else:
        emitter.emit(node, f"ops.pow({emitter.operand(node.input(0))}, {emitter.operand(node.input(1))})")


def clip(node: Node, emitter: Emitter) -> None:
    bounds = {}
    for index, name in enumerate(("min", "max"), start=1):
        if name in node.attributes:
            bounds[name] = literal(np.float32(node.attribute(name)))
        elif node.input(index):
            bounds[name] = emitter.operand(node.input(index))
    # The bounds of those who mean none are the largest numbers that there are.
    bounds = {name: bound for name, bound in bounds.items() if "inf" not in bound and "3.4028235e+38" not in bound}
    given = "".join(f", {name}={bound}" for name, bound in bounds.items())
    x = emitter.tensor(node.input(0))
    emitter.emit(node, f"ops.clamp({x}{given})" if given else x)


def hard_sigmoid(node: Node, emitter: Emitter) -> None:
    alpha, beta = np.float32(node.attribute("alpha", 0.2)), np.float32(node.attribute("beta", 0.5))
    x = emitter.tensor(node.input(0))
    if alpha == np.float32(1 / 6) and beta == np.float32(0.5):
        emitter.emit(node, f"F.hardsigmoid({x})")
    else:
        emitter.emit(node, f"ops.clamp({x} * {literal(alpha)} + {literal(beta)}, min=0.0, max=1.0)")


def gelu(node: Node, emitter: Emitter) -> None:
    how = node.attribute("approximate", "none")
    given = "" if how == "none" else f', approximate="{how}"'
    emitter.emit(node, f"F.gelu({emitter.tensor(node.input(0))}{given})")


def softmax(function: str) -> Callable[[Node, Emitter], None]:
    """Softmax or its logarithm. Before opset 13 all axes from the given one on counted as one."""

    def write(node: Node, emitter: Emitter) -> None:
        rank = emitter.rank(node.input(0))
        axis = node.attribute("axis", -1 if emitter.graph.opset >= 13 else 1)
        if emitter.graph.opset < 13 and axis % rank != rank - 1:
            raise CannotPort(
                f"over all axes from {axis} on (opset {emitter.graph.opset}) is not supported; take opset 13"
            )
        emitter.emit(node, f"F.{function}({emitter.tensor(node.input(0))}, dim={axis})")

    return write


def where(node: Node, emitter: Emitter) -> None:
    condition = emitter.tensor(node.input(0))
    emitter.emit(node, f"ops.where({condition}, {emitter.operand(node.input(1))}, {emitter.operand(node.input(2))})")


def same(node: Node, emitter: Emitter) -> None:
    """What changes nothing in evaluation: another name for the same value."""
    emitter.set(node.outputs[0], emitter.value(node.input(0)))


def modulo(node: Node, emitter: Emitter) -> None:
    function = "fmod" if node.attribute("fmod", 0) else "remainder"
    emitter.emit(node, f"ops.{function}({emitter.tensor(node.input(0))}, {emitter.operand(node.input(1))})")


OPERATORS = {
    "Abs": unary("ops.abs({x})"),
    "Add": binary("+"),
    "And": between("jt.logical_and({x}, {y})"),
    "Ceil": unary("{x}.ceil()"),
    "Celu": with_numbers("F.celu({x}, {alpha})", alpha=1.0),
    "Clip": clip,
    "Cos": unary("jt.cos({x})"),
    "Div": binary("/"),
    "Dropout": same,
    "Elu": with_numbers("F.elu({x}, {alpha})", alpha=1.0),
    "Equal": binary("=="),
    "Erf": unary("jt.erf({x})"),
    "Exp": unary("jt.exp({x})"),
    "Floor": unary("{x}.floor()"),
    "Gelu": gelu,
    "Greater": binary(">"),
    "GreaterOrEqual": binary(">="),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": unary("F.hardswish({x})"),
    "Identity": same,
    "LeakyRelu": with_numbers("F.leaky_relu({x}, {alpha})", alpha=0.01),
    "Less": binary("<"),
    "LessOrEqual": binary("<="),
    "Log": unary("jt.log({x})"),
    "LogSoftmax": softmax("log_softmax"),
    "Max": many("maximum"),
    "Min": many("minimum"),
    "Mish": unary("F.mish({x})"),
    "Mod": modulo,
    "Mul": binary("*"),
    "Neg": unary("-{x}"),
    "Not": unary("jt.logical_not({x})"),
    "Or": between("jt.logical_or({x}, {y})"),
    "Pow": power,
    "Reciprocal": unary("1.0 / {x}"),
    "Relu": unary("F.relu({x})"),
    "Round": unary("ops.round({x})"),
    "Selu": unary("F.selu({x})"),
    "Sigmoid": unary("F.sigmoid({x})"),
    "Sign": unary("ops.sign({x})"),
    "Sin": unary("jt.sin({x})"),
    "Softmax": softmax("softmax"),
    "Softplus": unary("F.softplus({x})"),
    "Softsign": unary("F.softsign({x})"),
    "Sqrt": unary("jt.sqrt({x})"),
    "Sub": binary("-"),
    "Sum": addition,
    "Tanh": unary("F.tanh({x})"),
    "Where": where,
}
