"""Translates one call: PyTorch's arguments to those of the counterpart."""

import ast
from collections.abc import Mapping, Sequence
from functools import cache
from inspect import Parameter, Signature
from typing import Any, NamedTuple, Protocol

from jtmigrate.port.atlas.entry import Entry

UNKNOWN = object()
"""The value of an argument that only a run would tell."""


class Reader(Protocol):
    """What arguments are made of: values, or pieces of source code."""

    def literal(self, argument: Any) -> object:
        """The value of an argument, UNKNOWN if it cannot be read off."""

    def write(self, value: object) -> Any:
        """An argument with this value."""


class Values:
    """Arguments that are the values themselves, as in a test."""

    def literal(self, argument: Any) -> object:
        return argument

    def write(self, value: object) -> Any:
        return value


class Arguments(NamedTuple):
    """Of a call: positional ones in order, and those passed by name."""

    positional: tuple[Any, ...]
    named: Mapping[str, Any]


class CannotTranslate(Exception):
    """A call without counterpart; the message names the argument and says what to do."""


def translate(entry: Entry, positional: Sequence[Any], named: Mapping[str, Any], reader: Reader) -> Arguments:
    """The arguments of the counterpart's call. Raises CannotTranslate.

    What was passed by position stays so while the counterpart has it in the same place.
    """
    expected = signature(entry.signature)
    try:
        bound = expected.bind(*positional, **named)
    except TypeError as error:
        raise CannotTranslate(f"{entry.torch}: {error}; PyTorch's signature is ({entry.signature})") from error
    places: list[Any] = []
    by_name: dict[str, Any] = {}
    in_order = True
    for index, (name, parameter) in enumerate(expected.parameters.items()):
        if name not in bound.arguments:
            if name in entry.explicit:
                by_name[entry.rename.get(name, name)] = reader.write(entry.explicit[name])
            in_order = in_order and parameter.kind is Parameter.VAR_POSITIONAL
            continue
        value = bound.arguments[name]
        if parameter.kind is Parameter.VAR_POSITIONAL:
            places.extend(value)
        elif parameter.kind is Parameter.VAR_KEYWORD:
            by_name.update(value)
        elif name in entry.ignored or _left_out(entry, name, value, reader):
            in_order = False
        elif in_order and (name in entry.by_place or (name not in named and _has_same_place(entry, index))):
            places.append(value)
        else:
            by_name[entry.rename.get(name, name)] = value
            in_order = False
    return Arguments(tuple(places), by_name)


def _has_same_place(entry: Entry, index: int) -> bool:
    return entry.in_place is None or index < entry.in_place


def _left_out(entry: Entry, name: str, value: Any, reader: Reader) -> bool:
    if name not in entry.only:
        return False
    found = reader.literal(value)
    if not any(found is allowed or (type(found) is type(allowed) and found == allowed) for allowed in entry.only[name]):
        shown = "a value that only a run tells" if found is UNKNOWN else repr(found)
        allowed = ", ".join(map(repr, entry.only[name]))
        hint = f": {entry.advice}" if entry.advice else ""
        raise CannotTranslate(f"{entry.torch}: {name} is {shown}, only {allowed} can be translated{hint}")
    return True


@cache
def signature(text: str) -> Signature:
    """The signature that a `def` with these parameters would have; defaults are literals."""
    given = ast.parse(f"def f({text}): pass").body[0].args
    plain = [*given.posonlyargs, *given.args]
    kinds = [Parameter.POSITIONAL_ONLY] * len(given.posonlyargs) + [Parameter.POSITIONAL_OR_KEYWORD] * len(given.args)
    defaults = [None] * (len(plain) - len(given.defaults)) + list(given.defaults)
    parameters = [
        Parameter(name.arg, kind, default=_default(node))
        for name, kind, node in zip(plain, kinds, defaults, strict=True)
    ]
    if given.vararg:
        parameters.append(Parameter(given.vararg.arg, Parameter.VAR_POSITIONAL))
    for name, node in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        parameters.append(Parameter(name.arg, Parameter.KEYWORD_ONLY, default=_default(node)))
    if given.kwarg:
        parameters.append(Parameter(given.kwarg.arg, Parameter.VAR_KEYWORD))
    return Signature(parameters)


def _default(node: ast.expr | None) -> object:
    return Parameter.empty if node is None else ast.literal_eval(node)
