"""Nested arguments and results taken apart into named arrays, and put together again.

`{"scores": tensor, "boxes": [tensor, None]}` becomes the arrays "scores" and "boxes.0" and the template
`{"scores": Slot("scores"), "boxes": [Slot("boxes.0"), None]}`. The template keeps what is no tensor as it is, so that
a layer can be called again with arrays of another framework in the slots. Tuples, lists, mappings and dataclasses are
taken apart; any other object is one member.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
U = TypeVar("U")


class Slot(NamedTuple):
    """The place of one array in a template."""

    name: str


class Opaque(NamedTuple):
    """Stands in a template for a value that a file cannot hold; `text` is its `repr`."""

    text: str


def map_leaves(value: Any, leaf: Callable[[str, Any], Any], name: str = "") -> Any:
    """Copy of a nested value with every member that is not nested itself replaced by `leaf(name, member)`."""
    if isinstance(value, Slot | Opaque):
        return leaf(name, value)
    if members := fields_of(value):
        copied = copy.copy(value)
        for key, member in members.items():
            object.__setattr__(copied, key, map_leaves(member, leaf, _join(name, key)))  # of a frozen dataclass too
        return copied
    if isinstance(value, Mapping):
        return {key: map_leaves(member, leaf, _join(name, key)) for key, member in value.items()}
    if isinstance(value, tuple | list):
        members = [map_leaves(member, leaf, _join(name, index)) for index, member in enumerate(value)]
        if hasattr(value, "_fields"):
            return type(value)(*members)
        return members if isinstance(value, list) else tuple(members)
    return leaf(name, value)


def fields_of(value: Any) -> dict[str, Any]:
    """The members of a dataclass or a namespace by name; empty for anything else, and for a model that is one."""
    if isinstance(value, SimpleNamespace):
        return vars(value)
    if isinstance(value, Mapping | type) or callable(value) or not is_dataclass(value):
        return {}
    return {field.name: getattr(value, field.name) for field in fields(value)}


def plain_members(template: Any) -> dict[str, Any]:
    """What a template holds besides slots, by the name that a slot in its place would have; None is nothing."""
    found: dict[str, Any] = {}

    def leaf(name: str, member: Any) -> None:
        if member is not None and not isinstance(member, Slot):
            found[name] = member

    map_leaves(template, leaf)
    return found


def take_apart(value: Any, is_tensor: Callable[[Any], bool]) -> tuple[Any, dict[str, Any]]:
    """Template of a nested value and its tensors by slot name; a lone tensor has the name ""."""
    tensors = {}

    def leaf(name: str, member: Any) -> Any:
        if not is_tensor(member):
            return member
        tensors[name] = member
        return Slot(name)

    return map_leaves(value, leaf), tensors


def put_together(template: Any, tensors: Mapping[str, Any]) -> Any:
    """The nested value of a template, its slots filled with the tensors of their names."""

    def leaf(_: str, member: Any) -> Any:
        return tensors[member.name] if isinstance(member, Slot) else member

    return map_leaves(template, leaf)


def matching_slots(reference: Mapping[str, T], candidate: Mapping[str, U]) -> Iterator[tuple[str, T, U | None]]:
    """Reference arrays with their counterparts (None where there is none).

    Counterparts have the same name; where the names differ but not their number, the same position: one framework may
    pass by position or return a tuple where the other passes by keyword or returns a dict.
    """
    if len(reference) == len(candidate) and reference.keys() != candidate.keys():
        for (name, array), counterpart in zip(reference.items(), candidate.values(), strict=True):
            yield name, array, counterpart
        return
    for name, array in reference.items():
        yield name, array, candidate.get(name)


def _join(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)
