"""Collects what the code is made of: layers, constants, lines."""

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jtmigrate.port.onnx.graph import Graph, Node, Shape
from jtmigrate.port.onnx.values import CannotPort, Constant, Line, Size, Sizes, Value, literal
from jtmigrate.port.rewrite.words import words

LONGEST_NAME = 32

_SAYS_NOTHING = re.compile(r"(val|getitem|n|x|v|node|tmp)[_\d]*")
"""Names that exporters make up."""

TAKEN = frozenset({"self", "jt", "nn", "F", "ops", "Path", "load", "Model", "build", *keyword.kwlist})

OF_MODULES = words(
    """
    add_module apply bfloat16 buffers children cpu cuda device dfs double dtype eval execute extra_repr float
    float16 float32 float64 float_auto forward get_submodule half is_train is_training load load_parameters
    load_state_dict modules mpi_param_broadcast named_buffers named_children named_modules named_parameters npu
    parameters register_backward_hook register_buffer register_forward_hook register_input_backward_hook
    register_module register_output_backward_hook register_parameter register_pre_forward_hook remove_backward_hook
    remove_forward_hook remove_input_backward_hook remove_output_backward_hook remove_pre_forward_hook
    requires_grad_ save state_dict to train training type zero_grad
    """
)
"""What Jittor's modules have themselves: an attribute must not hide it."""


@dataclass(frozen=True)
class Code:
    """`target = expression`, and the shape of what it gives."""

    target: str
    expression: str
    shape: Shape | None


class Emitter:
    """What has been written so far, and what is known about the values of the graph.

    layers  attribute -> the expression that makes it
    state   name in the weights file -> array
    lines   the body of `execute`
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self.layers: dict[str, str] = {}
        self.state: dict[str, np.ndarray] = {}
        self.lines: list[Code] = []
        self._values: dict[str, Value] = {name: Constant(array, name) for name, array in graph.constants.items()}
        self._names: set[str] = set(TAKEN)
        self._attributes: set[str] = set(OF_MODULES)
        self._shared: dict[tuple[object, ...], str] = {}
        self._kept: dict[int, str] = {}
        self.dimensions: dict[str, str] = {}
        self._takers: dict[str, list[Node]] = {}
        for node in graph.nodes:
            for name in node.inputs:
                self._takers.setdefault(name, []).append(node)
        self.inputs = tuple(self._bind(name) for name in graph.inputs)

    # What is known

    def value(self, name: str) -> Value:
        """What a name of the graph stands for."""
        return self._values[name]

    def is_known(self, name: str) -> bool:
        """Whether all nodes that it depends on were ported."""
        return name in self._values

    def set(self, name: str, value: Value) -> None:
        """Note what a name stands for, without a line for it."""
        self._values[name] = value

    def shape(self, name: str) -> Shape | None:
        """As far as it is known."""
        value = self._values.get(name)
        return value.array.shape if isinstance(value, Constant) else self.graph.shapes.get(name)

    def rank(self, name: str) -> int:
        """The number of dimensions. Raises CannotPort if it is not known."""
        shape = self.shape(name)
        if shape is None:
            raise CannotPort("the number of dimensions of its input is not known; run onnx.shape_inference first")
        return len(shape)

    def is_integer(self, name: str) -> bool:
        """Whether a value holds whole numbers."""
        value = self._values.get(name)
        dtype = value.array.dtype.name if isinstance(value, Constant) else self.graph.dtypes.get(name, "float32")
        return "int" in dtype

    def constant(self, name: str, what: str) -> np.ndarray:
        """A constant. Raises CannotPort if it depends on the input."""
        value = self._values[name]
        if not isinstance(value, Constant):
            raise CannotPort(f"its {what} depends on the input")
        return value.array

    def origin(self, name: str) -> str:
        """The initialiser behind a constant, "" if there is none."""
        value = self._values[name]
        return value.origin if isinstance(value, Constant) else ""

    def sizes(self, name: str, what: str) -> tuple[Size, ...]:
        """Whole numbers that may depend on shapes. Raises CannotPort if they depend on what the input holds."""
        value = self._values[name]
        if isinstance(value, Sizes):
            return value.items
        return tuple(int(item) for item in self.constant(name, what).reshape(-1))

    def bias_after(self, node: Node, size: int) -> tuple[Node, str] | None:
        """The addition of a constant vector that alone takes what a node gives, and the vector's name."""
        takers = self._takers.get(node.outputs[0], [])
        if self.graph.uses[node.outputs[0]] != 1 or not takers or takers[0].op != "Add":
            return None
        other = next(name for name in takers[0].inputs if name != node.outputs[0])
        held = self._values.get(other)
        fits = isinstance(held, Constant) and held.array.ndim > 0 and held.array.size == size == held.array.shape[-1]
        return (takers[0], other) if fits else None

    def dimension(self, name: str, axis: int) -> Size:
        """The size of a tensor along an axis: a number, the name of a size, or an expression."""
        shape = self.shape(name)
        size = shape[axis] if shape is not None else None
        if isinstance(size, int):
            return size
        if isinstance(size, str) and (found := self._dimension(size)):
            return found
        return f"{self.tensor(name)}.shape[{axis}]"

    def _dimension(self, symbol: str) -> str:
        """A local name for a size that an input has, "" if none has it."""
        if symbol not in self.dimensions:
            for name, local in zip(self.graph.inputs, self.inputs, strict=True):
                shape = self.graph.shapes.get(name) or ()
                if symbol in shape:
                    self.dimensions[symbol] = f"{self.name(symbol)} = {local}.shape[{shape.index(symbol)}]"
                    break
        return self.dimensions.get(symbol, "").partition(" = ")[0]

    # How it is written

    def tensor(self, name: str) -> str:
        """An expression for a tensor."""
        value = self._values[name]
        if isinstance(value, Line):
            return value.name
        if isinstance(value, Sizes):
            return f"jt.array([{', '.join(map(str, value.items))}])"
        if id(value.array) not in self._kept:
            self._kept[id(value.array)] = self._keep(value, name)
        return self._kept[id(value.array)]

    def operand(self, name: str) -> str:
        """An expression for one side of an operator: single numbers are written as such."""
        value = self._values[name]
        if isinstance(value, Sizes) and value.is_scalar:
            return f"({value.items[0]})" if " " in str(value.items[0]) else str(value.items[0])
        # A number has no dimensions: one that would add some has to remain a tensor.
        if isinstance(value, Constant) and value.array.size == 1 and value.array.ndim <= 1:
            return literal(value.array.reshape(-1)[0])
        return self.tensor(name)

    def _keep(self, value: Constant, name: str) -> str:
        array = narrow(value.array)
        attribute = self.attribute(value.origin or name)
        dtype = "" if array.dtype == np.float32 else f', dtype="{array.dtype.name}"'
        self.layers[attribute] = f"buffer jt.zeros({list(array.shape)}{dtype})"
        self.state[attribute] = array
        return f"self.{attribute}"

    def layer(self, node: Node, constructor: str, weights: Mapping[str, str]) -> str:
        """A layer that holds weights, made once for all nodes that share them.

        weights  the layer's own name of each -> name in the graph
        """
        arrays = {own: self.constant(name, own) for own, name in weights.items()}
        key = (constructor, *((own, id(array)) for own, array in arrays.items()))
        if key not in self._shared:
            name = layer_name(node, [self.origin(name) for name in weights.values()])
            self._shared[key] = self.layer_of(name, constructor, arrays)
        return self._shared[key]

    def layer_of(self, name: str, constructor: str, arrays: Mapping[str, np.ndarray]) -> str:
        """A layer of its own with these weights."""
        attribute = self.attribute(name)
        self.layers[attribute] = constructor
        self.state |= {f"{attribute}.{own}": array for own, array in arrays.items()}
        return f"self.{attribute}"

    def is_free(self, name: str) -> bool:
        """Whether an attribute can be called so."""
        return _plain(name) not in self._attributes

    def attribute(self, name: str) -> str:
        """A name of its own for an attribute of the model."""
        return _unique(name, self._attributes)

    def name(self, name: str) -> str:
        """A name of its own for a variable."""
        return _unique(name, self._names)

    def emit(self, node: Node, expression: str) -> None:
        """Add the line that computes the output of a node."""
        self.line(node.outputs[0], expression, node)

    def emit_all(self, node: Node, expression: str) -> None:
        """Add the line that computes all outputs of a node at once."""
        targets = [self._bind(output, node) for output in node.outputs]
        comma = "," if len(targets) == 1 else ""
        self.lines.append(Code(", ".join(targets) + comma, expression, self.graph.shapes.get(node.outputs[0])))

    def line(self, output: str, expression: str, node: Node) -> None:
        """Add a line that computes a value of the graph, which may be a later node's."""
        self.lines.append(Code(self._bind(output, node), expression, self.graph.shapes.get(output)))

    def _bind(self, output: str, node: Node | None = None) -> str:
        plain = _plain(output)
        says_something = plain[:1].isalpha() and not _SAYS_NOTHING.fullmatch(plain)
        is_readable = len(plain) <= LONGEST_NAME and says_something
        target = self.name(output if is_readable or node is None else node.op.lower())
        self._values[output] = Line(target)
        return target


def layer_name(node: Node, origins: list[str]) -> str:
    """What to call a layer: what its weights have in common, "stem.conv" of "stem.conv.weight"; else its operation."""
    prefixes = {origin.rpartition(".")[0] for origin in origins if origin}
    return prefixes.pop() if len(prefixes) == 1 and "" not in prefixes else node.op.lower()


def narrow(array: np.ndarray) -> np.ndarray:
    """The array with dtypes that Jittor computes with: int64 as int32, float64 as float32."""
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype in (np.int64, np.uint32, np.uint64):
        info = np.iinfo(np.int32)
        return np.clip(array, info.min, info.max).astype(np.int32)
    return array


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")


def _unique(name: str, taken: set[str]) -> str:
    plain = _plain(name) or "value"
    plain = f"_{plain}" if plain[0].isdigit() else plain
    plain = plain.removeprefix("_") if plain.startswith("_") and plain[1:2].isalpha() else plain
    plain = f"value{plain}" if plain.startswith("_") else plain
    found, number = plain, 1
    while found in taken or keyword.iskeyword(found):
        number += 1
        found = f"{plain}_{number}"
    taken.add(found)
    return found
