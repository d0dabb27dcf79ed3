"""A rule, what it finds, and what it is given to look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import libcst as cst

from jtmigrate.port.atlas.entry import Entry
from jtmigrate.port.rewrite import names
from jtmigrate.port.rewrite.facts import Facts
from jtmigrate.port.rewrite.infer import Inference
from jtmigrate.port.rewrite.kinds import TENSOR, Kind, Type


class Severity(Enum):
    """How bad it is; the values are SARIF's levels.

    ERROR    computes something else, or fails, whenever it runs
    WARNING  computes something else for some inputs or options
    NOTE     has to be looked at when it is ported
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """A trap, by place: path as it was given, line from 1, column from 1."""

    path: str
    line: int
    column: int
    rule: str
    severity: Severity
    message: str


@dataclass(frozen=True)
class Rule:
    """One trap.

    id        "JT001"
    title     what goes wrong, in a line
    why       what Jittor does, what PyTorch does
    bad       code in which it is found, once
    good      the safe rewrite, in which it is not found
    nodes     the kinds of syntax that `check` is given
    check     a node and its file -> the message, None if there is nothing to find
    """

    id: str
    severity: Severity
    title: str
    why: str
    bad: str
    good: str
    nodes: tuple[type[cst.CSTNode], ...]
    check: "Callable[[cst.CSTNode, Context], str | None]"


class Context:
    """One file, as rules see it."""

    def __init__(
        self, tree: cst.Module, inferred: Inference, facts: Facts, atlas: Mapping[str, Entry], *, marked: bool
    ):
        self.tree, self.facts, self.atlas = tree, facts, atlas
        self._inferred = inferred
        imports = inferred.imports
        self.is_jittor = any(name.startswith(names.PORTED) for name in imports)
        self.is_torch = any(map(names.is_torch, imports)) and not self.is_jittor and not marked

    def type_of(self, node: cst.CSTNode) -> Type:
        """What an expression is."""
        return self._inferred[node]

    def name_of(self, node: cst.CSTNode) -> str:
        """The full name that an expression refers to, "" if to none."""
        type_ = self._inferred[node]
        return type_.name if type_.kind is Kind.NAME else ""

    def is_tensor(self, node: cst.CSTNode) -> bool:
        """Whether an expression is a tensor, as far as can be told."""
        return self._inferred[node] == TENSOR

    def function_of(self, node: cst.Call) -> str:
        """The full name of the function that a call stands in, or of the module."""
        return self._inferred.within.get(id(node), "")

    def class_of(self, node: cst.ClassDef) -> str:
        """The full name of a class."""
        return self._inferred.classes.get(id(node), "")

    def owner(self, node: cst.CSTNode) -> str:
        """The full name of the class that an expression is an object of, "" if that is not known."""
        type_ = self._inferred[node]
        return type_.name if type_.kind is Kind.INSTANCE else ""

    def is_stock_module(self, name: str) -> bool:
        """Whether a class derives from Jittor's own Module, not from that of `jtmigrate.parity`."""
        ancestors = list(self.facts.ancestors(name))
        return any(base in ("jittor.nn.Module", "jittor.Module") for base in ancestors)

    @cached_property
    def nodes(self) -> tuple[cst.CSTNode, ...]:
        """Expressions and statements in the order of the text."""
        return tuple(self._inferred.nodes)

    @cached_property
    def unpacked(self) -> frozenset[int]:
        """ids of expressions of which parts are taken: `X[0]`, `a, b = X`."""
        taken = {id(node.value) for node in self.nodes if isinstance(node, cst.Subscript)}
        for node in self.nodes:
            if isinstance(node, cst.Assign) and any(
                isinstance(one.target, cst.Tuple | cst.List) for one in node.targets
            ):
                taken.add(id(node.value))
        return frozenset(taken)

    @cached_property
    def calls(self) -> tuple[cst.Call, ...]:
        """All calls."""
        return tuple(node for node in self.nodes if isinstance(node, cst.Call))

    def code(self, node: cst.CSTNode) -> str:
        """The source of a node."""
        return self.tree.code_for_node(node).strip()


def keyword(node: cst.Call, *wanted: str) -> cst.BaseExpression | None:
    """The value of an argument that is passed by one of these names."""
    for argument in node.args:
        if argument.keyword is not None and argument.keyword.value in wanted:
            return argument.value
    return None


def positional(node: cst.Call) -> list[cst.BaseExpression]:
    """Arguments that are passed by position."""
    return [argument.value for argument in node.args if argument.keyword is None]


def is_spread(node: cst.Call) -> bool:
    """Whether some arguments are only known in a run."""
    return any(argument.star for argument in node.args)


def is_text(node: cst.CSTNode | None, value: str) -> bool:
    """Whether a node is this string, written out."""
    return isinstance(node, cst.SimpleString) and node.evaluated_value == value


def is_name(node: cst.CSTNode | None, *values: str) -> bool:
    """Whether a node is one of these words: True, None, ..."""
    return isinstance(node, cst.Name) and node.value in values


def of_jittor(context: Context, node: cst.CSTNode, *functions: str) -> bool:
    """Whether a node refers to one of these names of Jittor itself: "max" means jittor.max and jittor.nn.max."""
    package, _, name = context.name_of(node).rpartition(".")
    return name in functions and package.partition(".")[0] == "jittor"


def method(context: Context, node: cst.CSTNode, *names_: str) -> cst.BaseExpression | None:
    """The receiver of a call of one of these methods of a tensor; None if it is no such call.

    A receiver of which nothing is known does not count.
    """
    if not (isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in names_):
        return None
    return node.func.value if context.is_tensor(node.func.value) else None


def tensor_call(context: Context, node: cst.Call, *names_: str) -> bool:
    """Whether this is `x.name(...)` of a tensor or `jt.name(x, ...)`."""
    return context.is_jittor and (method(context, node, *names_) is not None or of_jittor(context, node.func, *names_))


def options(context: Context, node: cst.Call) -> list[cst.BaseExpression]:
    """Arguments by position without the tensor itself, whichever of the two forms it is."""
    given = positional(node)
    return given[1:] if context.name_of(node.func) else given
