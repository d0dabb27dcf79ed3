"""A network as a graph of operations on one image, and stand-ins for Vars that write it down.

A `Symbol` goes through a model's own `execute` in place of the images. Layers are not executed: `trace` tells their
operation. What joins them (sums, concatenations, slices, changes of shape) the symbol itself understands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from jtmigrate.errors import UserError


class NotCompilable(UserError):
    """The model does something for which there is no operation."""


@dataclass(eq=False)
class Node:
    """An operation and the shape of its result, an image (channels, height, width)."""

    inputs: tuple["Node", ...]
    shape: tuple[int, int, int]


class Input(Node):
    """The image."""


@dataclass(eq=False)
class Conv(Node):
    """weight (O, I / groups, KH, KW) and bias (O,) in float64; then LeakyReLU of the slope, 1 is none."""

    weight: np.ndarray
    bias: np.ndarray
    stride: int = 1
    padding: int = 0
    groups: int = 1
    slope: float = 1.0


@dataclass(eq=False)
class Affine(Node):
    """x * scale + shift, both (channels,) in float64."""

    scale: np.ndarray
    shift: np.ndarray


@dataclass(eq=False)
class Activation(Node):
    """One of `program.ACTIVATIONS`."""

    kind: str
    slope: float = 1.0


@dataclass(eq=False)
class MaxPool(Node):
    """The largest value of each window of taps x taps."""

    taps: int
    stride: int
    padding: int


class Bilinear(Node):
    """Interpolation to the shape of this node."""


@dataclass(eq=False)
class Add(Node):
    """The sum of two, then LeakyReLU of the slope."""

    slope: float = 1.0


@dataclass(eq=False)
class Slice(Node):
    """Channels from `start` on, as many as the shape says."""

    start: int


@dataclass(eq=False)
class Cat(Node):
    """The channels of all inputs, one input after the other; `interleaved`: first the first of each, and so on."""

    interleaved: bool = False


@dataclass(frozen=True)
class Symbol:
    """What stands for images (batch, ...) while a model is written down.

    form: "image" (N, C, H, W); "grouped" (N, groups, C / groups, H, W), `swapped` once these two are transposed; "flat"
    (N, C, pixels) and "rows" (N, pixels, C), in which several nodes may lie one after the other.
    """

    batch: int
    nodes: tuple[Node, ...]
    form: str = "image"
    groups: int = 1
    swapped: bool = False
    dtype: str = field(default="float32", repr=False)

    @property
    def node(self) -> Node:
        """The image, where there is one."""
        if self.form != "image":
            raise NotCompilable(f"a tensor of shape {self.shape} meets what needs an image (N, C, H, W)")
        return self.nodes[0]

    @property
    def shape(self) -> tuple[int, ...]:
        channels, height, width = self.nodes[0].shape
        pixels = sum(node.shape[1] * node.shape[2] for node in self.nodes)
        groups = (self.groups, channels // self.groups)
        return {
            "image": (self.batch, channels, height, width),
            "grouped": (self.batch, *(groups[::-1] if self.swapped else groups), height, width),
            "flat": (self.batch, channels, pixels),
            "rows": (self.batch, pixels, channels),
        }[self.form]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def of(self, node: Node) -> "Symbol":
        """Another image of the same batch."""
        return Symbol(self.batch, (node,))

    def __add__(self, other: Any) -> "Symbol":
        if not isinstance(other, Symbol) or other.node.shape != self.node.shape:
            raise NotCompilable(f"sum of {self.shape} and {getattr(other, 'shape', other)}")
        return self.of(Add((self.node, other.node), self.node.shape))

    def chunk(self, chunks: int, dim: int = 0) -> tuple["Symbol", ...]:
        channels, height, width = self.node.shape
        if dim not in (1, -3) or channels % chunks:
            raise NotCompilable(f"{chunks} parts of {self.shape} along dimension {dim}")
        size = channels // chunks
        return tuple(self.of(Slice((self.node,), (size, height, width), start)) for start in range(0, channels, size))

    def reshape(self, *shape: Any) -> "Symbol":
        shape = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
        channels, height, width = self.nodes[0].shape
        if (
            self.form == "image"
            and len(shape) == 5
            and shape[3:] == (height, width)
            and shape[1] * shape[2] == channels
        ):
            return replace(self, form="grouped", groups=shape[1])
        if self.form == "grouped" and shape[1:] == (channels, height, width):
            image = replace(self, form="image", groups=1, swapped=False)
            return image if not self.swapped else self.of(_shuffled(self.nodes[0], self.groups))
        if self.form == "image" and len(shape) == 3 and shape[1] == channels:
            return self.flatten(2)
        raise NotCompilable(f"reshape of {self.shape} to {shape}")

    view = reshape

    def transpose(self, *dims: Any) -> "Symbol":
        if self.form == "grouped" and dims in ((1, 2), (2, 1), (0, 2, 1, 3, 4)):
            return replace(self, swapped=not self.swapped)
        if self.form in ("flat", "rows") and dims in ((1, 2), (2, 1), (0, 2, 1)):
            return replace(self, form="rows" if self.form == "flat" else "flat")
        raise NotCompilable(f"transpose of {self.shape} by {dims}")

    permute = transpose

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> "Symbol":
        if self.form == "image" and start_dim == 2 and end_dim in (-1, 3):
            return replace(self, form="flat")
        raise NotCompilable(f"flatten of {self.shape} from dimension {start_dim} to {end_dim}")

    def __getattr__(self, name: str) -> Any:
        raise NotCompilable(f"{name} of a tensor of shape {self.shape}")

    def _refuse(self, *_: Any) -> Any:
        raise NotCompilable(f"arithmetic other than sums of tensors, with one of shape {self.shape}")

    __mul__ = __rmul__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __matmul__ = __pow__ = __neg__ = _refuse
    __radd__ = __getitem__ = __gt__ = __lt__ = __ge__ = __le__ = _refuse


def cat(symbols: Sequence[Symbol], dim: int) -> Symbol:
    """Symbols joined along the channels; flat ones along the pixels."""
    first = symbols[0]
    if first.form == "image" and dim in (1, -3):
        nodes = tuple(symbol.node for symbol in symbols)
        _, height, width = nodes[0].shape
        return first.of(Cat(nodes, (sum(node.shape[0] for node in nodes), height, width)))
    along = {"flat": (2, -1), "rows": (1, -2)}.get(first.form, ())
    if dim in along and all(symbol.form == first.form for symbol in symbols):
        return replace(first, nodes=tuple(node for symbol in symbols for node in symbol.nodes))
    raise NotCompilable(f"concatenation of {[symbol.shape for symbol in symbols]} along dimension {dim}")


def _shuffled(node: Node, groups: int) -> Node:
    """Channels of all groups by turns."""
    channels, height, width = node.shape
    size = channels // groups
    parts = tuple(Slice((node,), (size, height, width), start) for start in range(0, channels, size))
    return Cat(parts, node.shape, interleaved=True)
