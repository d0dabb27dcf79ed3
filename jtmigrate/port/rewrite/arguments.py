"""Writes the arguments of a translated call, comments and line breaks kept as far as they still belong to something."""

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

import libcst as cst

from jtmigrate.port.atlas.call import UNKNOWN, Arguments, CannotTranslate, translate
from jtmigrate.port.atlas.entry import Entry

_COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
_NO_SPACE = cst.SimpleWhitespace("")


class Source:
    """Reads and writes the arguments of `translate` as pieces of source code."""

    def literal(self, argument: cst.Arg) -> object:
        value = argument.value
        if isinstance(
            value, cst.Name | cst.Integer | cst.Float | cst.SimpleString | cst.UnaryOperation | cst.Tuple | cst.List
        ):
            try:
                return ast.literal_eval(cst.Module([]).code_for_node(value).strip())
            except (ValueError, SyntaxError, TypeError):
                return UNKNOWN
        return UNKNOWN

    def write(self, value: object) -> cst.Arg:
        return cst.Arg(cst.parse_expression(repr(value)))


class Planned(NamedTuple):
    """One argument of the new call: where it comes from in the old one, or a new one; and its name."""

    index: int | None
    new: cst.Arg | None
    keyword: str | None


def plan(entry: Entry, arguments: Sequence[cst.Arg]) -> tuple[Planned, ...]:
    """The arguments of the counterpart's call, in the order in which they stand in the source.

    Of a method the tensor is not among them. Arguments that are spread (`*sizes`, `**options`) pass if nothing would
    change. Raises CannotTranslate.
    """
    if any(argument.star for argument in arguments):
        return _spread(entry, arguments)
    reader = Source()
    positional = [argument for argument in arguments if argument.keyword is None]
    named = {argument.keyword.value: argument for argument in arguments if argument.keyword is not None}
    found = translate(entry, positional, named, reader)
    return _ordered(found, {id(argument): index for index, argument in enumerate(arguments)})


def _ordered(found: Arguments, places: dict[int, int]) -> tuple[Planned, ...]:
    planned = [Planned(places.get(id(argument)), argument, None) for argument in found.positional]
    by_name = [Planned(places.get(id(argument)), argument, name) for name, argument in found.named.items()]
    by_name.sort(key=lambda one: len(places) if one.index is None else one.index)
    return (*planned, *by_name)


def _spread(entry: Entry, arguments: Sequence[cst.Arg]) -> tuple[Planned, ...]:
    if entry.rename or entry.only or entry.explicit or entry.in_place is not None or entry.ignored:
        raise CannotTranslate(f"{entry.torch}: what * and ** spread is only known in a run; write the arguments out")
    return tuple(
        Planned(index, argument, argument.keyword.value if argument.keyword else None)
        for index, argument in enumerate(arguments)
    )


def written(planned: Sequence[Planned], arguments: Sequence[cst.Arg]) -> Sequence[cst.Arg]:
    """The new arguments. Where nothing changes, the old ones as they are."""
    result: list[cst.Arg] = []
    for one in planned:
        argument = arguments[one.index] if one.index is not None else one.new
        if one.keyword is None:
            changed = (
                argument
                if argument.keyword is None
                else argument.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
            )
        elif argument.keyword is not None:
            changed = argument.with_changes(keyword=argument.keyword.with_changes(value=one.keyword))
        else:
            equal = cst.AssignEqual(whitespace_before=_NO_SPACE, whitespace_after=_NO_SPACE)
            changed = argument.with_changes(keyword=cst.Name(one.keyword), equal=equal)
        result.append(changed)
    if len(result) == len(arguments) and all(one.index == place for place, one in enumerate(planned)):
        return result
    return separated(result, arguments[-1].comma if arguments else cst.MaybeSentinel.DEFAULT)


def separated(arguments: Sequence[cst.Arg], last: Any) -> list[cst.Arg]:
    """Arguments with commas between them, `last` after the last."""
    between = [
        argument if isinstance(argument.comma, cst.Comma) else argument.with_changes(comma=_COMMA)
        for argument in arguments[:-1]
    ]
    return [*between, arguments[-1].with_changes(comma=last)] if arguments else []


def with_receiver(receiver: cst.BaseExpression, arguments: Sequence[cst.Arg]) -> list[cst.Arg]:
    """The arguments of a function that takes the tensor first."""
    first = cst.Arg(without_parentheses(receiver))
    if not arguments:
        return [first]
    return [first.with_changes(comma=_COMMA), *arguments]


def without_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    """An expression as it may stand between the parentheses of a call."""
    plain = isinstance(
        node, cst.BinaryOperation | cst.UnaryOperation | cst.Comparison | cst.BooleanOperation | cst.IfExp
    )
    if not (plain and len(node.lpar) == 1):
        return node
    spaces = (node.lpar[0].whitespace_after, node.rpar[0].whitespace_before)
    if all(isinstance(space, cst.SimpleWhitespace) for space in spaces):
        return node.with_changes(lpar=(), rpar=())
    return node


__all__ = ["CannotTranslate", "Planned", "plan", "separated", "with_receiver", "without_parentheses", "written"]
