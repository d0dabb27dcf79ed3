"""The operations of a graph as numbers, for `kernels/network.h` to run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jtmigrate.parity.compiled.graph import (
    Activation,
    Add,
    Affine,
    Bilinear,
    Cat,
    Conv,
    Input,
    MaxPool,
    Node,
    Slice,
    Symbol,
)
from jtmigrate.parity.compiled.plan import Buffer, Places, View, arrange, fresh, places

CODES = (
    "pointwise", "convolution", "depthwise", "pad", "max_pool", "bilinear", "add", "activate", "copy", "rows",
)  # fmt: skip
ACTIVATIONS = ("leaky_relu", "relu6", "hardswish", "hardsigmoid", "sigmoid", "silu")
"""In the order of the enumerations in network.h."""

DEPTHWISE_KERNELS, DEPTHWISE_STRIDES = (1, 3, 5, 7), (1, 2)


@dataclass(frozen=True)
class Operation:
    """One of `CODES`. Views, and the index of an output instead of `out`, with the floats to its first value."""

    code: str
    given: View
    out: View
    other: View | None = None
    output: int | None = None
    weight: int = 0
    bias: int = 0
    kernel: tuple[int, int] = (0, 0)
    stride: int = 1
    padding: int = 0
    activation: int = 0
    slope: float = 1.0


@dataclass(frozen=True)
class Program:
    """What `kernels/network.h` runs: operations (n, 27) int32, weights, and the floats an image needs in between."""

    operations: np.ndarray
    weights: np.ndarray
    arena: int
    output_shapes: tuple[tuple[int, ...], ...]


class Weights:
    """All weights one after the other, those of products in blocks of `rows` outputs as pointwise.h packs them."""

    def __init__(self, rows: int):
        self.rows, self.size, self.arrays = rows, 0, []

    def add(self, array: np.ndarray) -> int:
        """Returns where they begin."""
        start, flat = self.size, array.astype(np.float32).reshape(-1)
        padding = -len(flat) % 16
        self.arrays += [flat, np.zeros(padding, np.float32)]
        self.size += len(flat) + padding
        return start

    def add_packed(self, weight: np.ndarray) -> int:
        """(O, depth) in blocks of outputs, the last one filled up with zeros."""
        blocks = -(-weight.shape[0] // self.rows)
        padded = np.zeros((blocks * self.rows, weight.shape[1]))
        padded[: len(weight)] = weight
        return self.add(padded.reshape(blocks, self.rows, -1).transpose(0, 2, 1))

    def add_bias(self, bias: np.ndarray) -> int:
        """(O,), filled up to whole blocks."""
        return self.add(np.pad(bias, (0, -len(bias) % self.rows)))


def program(nodes: Sequence[Node], outputs: Sequence[Symbol], rows: int) -> Program:
    """nodes: inputs first, outputs among them; rows: of a block, as the CPU has them."""
    where, weights = places(nodes), Weights(rows)
    operations = [operation for node in nodes for operation in _operations(node, where, weights)]
    for index, symbol in enumerate(outputs):
        operations += _output(symbol, index, where)
    arena = arrange(_buffers(operations))
    return Program(
        np.array([_numbers(operation) for operation in operations], np.int32),
        np.concatenate([*weights.arrays, np.zeros(16, np.float32)]),
        arena,
        tuple(symbol.shape[1:] for symbol in outputs),
    )


def _operations(node: Node, where: Places, weights: Weights) -> Iterator[Operation]:
    given = where.of(node.inputs[0]) if node.inputs else None
    match node:
        case Input() | Slice():
            pass
        case Cat():
            for part, view in where.copies[id(node)]:
                yield Operation("copy", where.of(part), view)
        case Conv():
            yield from _convolution(node, given, where.of(node), weights)
        case Add():
            yield Operation("add", given, where.of(node), where.of(node.inputs[1]), slope=node.slope)
        case MaxPool():
            window = {"kernel": (node.taps, node.taps), "stride": node.stride, "padding": node.padding}
            yield Operation("max_pool", given, where.of(node), **window)
        case Bilinear():
            yield Operation("bilinear", given, where.of(node))
        case Activation():
            kind = ACTIVATIONS.index(node.kind)
            yield Operation("activate", given, where.of(node), activation=kind, slope=node.slope)
        case Affine():
            raise AssertionError("fold turns every Affine into a Conv")


def _convolution(node: Conv, given: View, out: View, weights: Weights) -> Iterator[Operation]:
    channels, (outputs, each, *kernel) = given.shape[0], node.weight.shape
    shared = {"stride": node.stride, "kernel": tuple(kernel), "slope": node.slope}
    if node.groups == channels == outputs and _is_depthwise(node):
        weight, bias = weights.add(node.weight), weights.add(node.bias)
        yield Operation("depthwise", given, out, weight=weight, bias=bias, padding=node.padding, **shared)
        return
    if node.padding:
        height, width = (side + 2 * node.padding for side in given.shape[1:])
        padded = fresh((channels, height, width))
        yield Operation("pad", given, padded, padding=node.padding)
        given = padded
    code = "pointwise" if kernel == [1, 1] and node.stride == 1 else "convolution"
    size = outputs // node.groups
    for group in range(node.groups):
        own = slice(group * size, (group + 1) * size)
        yield Operation(
            code, given.part(group * each, each), out.part(group * size, size), **shared,
            weight=weights.add_packed(node.weight[own].reshape(size, -1)), bias=weights.add_bias(node.bias[own]),
        )  # fmt: skip


def _is_depthwise(node: Conv) -> bool:
    height, width = node.weight.shape[2:]
    known = height == width and height in DEPTHWISE_KERNELS and node.stride in DEPTHWISE_STRIDES
    return known and node.padding < height and (height, node.stride) != (1, 2)


def _output(symbol: Symbol, index: int, where: Places) -> Iterator[Operation]:
    """Into the output itself: images and flat ones by planes, rows by pixels."""
    channels, total = symbol.nodes[0].shape[0], sum(node.shape[1] * node.shape[2] for node in symbol.nodes)
    begin = 0
    for node in symbol.nodes:
        by_rows = symbol.form == "rows"
        place = View(None, begin * channels, channels, node.shape) if by_rows else View(None, begin, total, node.shape)
        yield Operation("rows" if by_rows else "copy", where.of(node), place, output=index)
        begin += node.shape[1] * node.shape[2]


def _buffers(operations: Sequence[Operation]) -> list[Buffer]:
    """Every buffer, with the first and the last operation that use it."""
    buffers: dict[int, Buffer] = {}
    for time, operation in enumerate(operations):
        for view in (operation.given, operation.other, operation.out):
            if view is not None and view.buffer is not None:
                buffer = buffers.setdefault(id(view.buffer), view.buffer)
                buffer.first = time if buffer.first < 0 else buffer.first
                buffer.last = time
    return list(buffers.values())


def _numbers(operation: Operation) -> list[int]:
    """As `struct Operation` of network.h."""
    output = None if operation.output is None else 2 + operation.output
    return [
        CODES.index(operation.code),
        *_view(operation.given), *_view(operation.other or operation.given), *_view(operation.out, output),
        operation.weight, operation.bias, *operation.kernel, operation.stride, operation.padding, operation.activation,
        int(np.float32(operation.slope).view(np.int32)),
    ]  # fmt: skip


def _view(view: View, space: int | None = None) -> list[int]:
    if space is None:
        space = 1 if view.buffer is None else 0
    return [space, view.offset + (view.buffer.offset if view.buffer else 0), view.step, *view.shape]
