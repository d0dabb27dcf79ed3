"""What an annotation declares."""

import re
from collections.abc import Callable

import libcst as cst

from jtmigrate.port.rewrite.facts import Facts, is_torch_module
from jtmigrate.port.rewrite.kinds import (
    NONE,
    OTHER,
    TENSOR,
    UNKNOWN,
    Kind,
    Type,
    dict_of,
    instance,
    join,
    list_of,
    tuple_of,
)
from jtmigrate.port.rewrite.names import TENSOR_CLASSES
from jtmigrate.port.rewrite.words import words

_LISTS = words(
    """
    list List tuple Tuple Sequence Iterable Iterator Set set Collection MutableSequence Generator
    """
)
_DICTS = words("dict Dict Mapping MutableMapping OrderedDict DefaultDict")
_PLAIN = frozenset({"int", "float", "str", "bool", "bytes", "complex"})


def declared(node: cst.BaseExpression, type_of: Callable[[cst.BaseExpression], Type], facts: Facts) -> Type:
    """What something annotated with this expression is.

    type_of  what the expression and those in it are themselves: `torch.Tensor` is a class by that name
    """
    if isinstance(node, cst.SimpleString):
        text = str(node.evaluated_value)
        return TENSOR if re.fullmatch(r"(torch\.)?Tensor|(jt\.)?Var", text) else UNKNOWN
    if isinstance(node, cst.Subscript):
        return _generic(node, type_of, facts)
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        return join(declared(node.left, type_of, facts), declared(node.right, type_of, facts))
    type_ = type_of(node)
    if type_ is NONE:
        return NONE
    return _object(facts.resolve(type_.name), facts) if type_.kind is Kind.NAME else UNKNOWN


def _object(name: str, facts: Facts) -> Type:
    """An object of the class with this full name."""
    if name in TENSOR_CLASSES or (name.startswith("torch.") and name.endswith("Tensor")):
        return TENSOR
    if name.rpartition(".")[2] in _PLAIN or name.startswith("numpy."):
        return OTHER
    if name in facts.classes or is_torch_module(name) or name.startswith("torch.optim."):
        return instance(name)
    return list_of(UNKNOWN) if name.startswith("builtins.") and name.removeprefix("builtins.") in _LISTS else UNKNOWN


def _generic(node: cst.Subscript, type_of: Callable[[cst.BaseExpression], Type], facts: Facts) -> Type:
    """What `Optional[X]`, `list[X]` and the like declare."""
    name = type_of(node.value).name.rpartition(".")[2]
    arguments = [part.slice.value for part in node.slice if isinstance(part.slice, cst.Index)]
    inner = [declared(argument, type_of, facts) for argument in arguments]
    if not inner:
        return UNKNOWN
    if name in ("Optional", "Union"):
        return join(*inner)
    if name in ("tuple", "Tuple") and len(inner) > 1 and not isinstance(arguments[-1], cst.Ellipsis):
        return tuple_of(tuple(inner))
    if name in _LISTS:
        return list_of(inner[0])
    if name in _DICTS:
        return dict_of(inner[-1])
    return inner[0] if name in ("Annotated", "Final", "ClassVar") else UNKNOWN
