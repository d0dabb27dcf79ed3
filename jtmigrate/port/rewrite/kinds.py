"""What is known about the value of an expression, as far as porting needs it."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What an expression is.

    TENSOR    a tensor
    NAME      the thing with this full name itself: a module, class, function or constant
    INSTANCE  an object of the class with this full name; of a container of modules, `items[0]` is what it holds
    LIST      a list, tuple, iterator or set of `items[0]`
    TUPLE     a tuple of exactly these `items`
    DICT      a dict with values `items[0]`
    OTHER     something that is no tensor: a number, a string, an array of numpy
    NONE      None, which says nothing about what else may stand there
    UNKNOWN   nothing is known
    MIXED     different things at different times
    """

    TENSOR = "tensor"
    NAME = "name"
    INSTANCE = "instance"
    LIST = "list"
    TUPLE = "tuple"
    DICT = "dict"
    OTHER = "other"
    NONE = "none"
    UNKNOWN = "unknown"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Type:
    """See `Kind`."""

    kind: Kind
    name: str = ""
    items: tuple["Type", ...] = ()


TENSOR = Type(Kind.TENSOR)
OTHER = Type(Kind.OTHER)
NONE = Type(Kind.NONE)
UNKNOWN = Type(Kind.UNKNOWN)
MIXED = Type(Kind.MIXED)
SHAPE = Type(Kind.LIST, items=(OTHER,))
TENSORS = Type(Kind.LIST, items=(TENSOR,))

DEEPEST = 4
"""Types nested deeper than this say no more: a list that is appended to itself would grow for ever."""


def named(name: str) -> Type:
    """The thing with this full name itself."""
    return Type(Kind.NAME, name)


def instance(name: str, held: Type = UNKNOWN) -> Type:
    """An object of this class, which holds such things."""
    return Type(Kind.INSTANCE, name, (held,))


def list_of(item: Type) -> Type:
    """A list, tuple or iterator of such things."""
    return Type(Kind.LIST, items=(_shallow(item),))


def dict_of(item: Type) -> Type:
    """A dict with such values."""
    return Type(Kind.DICT, items=(_shallow(item),))


def tuple_of(items: tuple[Type, ...]) -> Type:
    """A tuple of exactly these."""
    return Type(Kind.TUPLE, items=tuple(map(_shallow, items)))


def join(*types: Type) -> Type:
    """What is known about a value that is one of these."""
    found = UNKNOWN
    for new in types:
        if new == found or new.kind in (Kind.UNKNOWN, Kind.NONE):
            continue
        if found.kind in (Kind.UNKNOWN, Kind.NONE):
            found = new
        elif new.kind is found.kind and new.name == found.name and len(new.items) == len(found.items):
            found = Type(new.kind, new.name, tuple(map(join, new.items, found.items)))
        elif {new.kind, found.kind} == {Kind.LIST, Kind.TUPLE}:
            found = list_of(join(*new.items, *found.items))
        else:
            return MIXED
    return found


def element(type_: Type) -> Type:
    """What iterating gives."""
    if type_.kind is Kind.TENSOR:
        return TENSOR
    if type_.kind in (Kind.LIST, Kind.INSTANCE):
        return type_.items[0] if type_.items else UNKNOWN
    if type_.kind is Kind.TUPLE:
        return join(*type_.items)
    return OTHER if type_.kind in (Kind.OTHER, Kind.DICT) else UNKNOWN


def parts(type_: Type, number: int) -> tuple[Type, ...]:
    """What unpacking into so many targets gives."""
    if type_.kind is Kind.TUPLE and len(type_.items) == number:
        return type_.items
    return (element(type_),) * number


def _shallow(type_: Type) -> Type:
    return UNKNOWN if _depth(type_) >= DEEPEST else type_


def _depth(type_: Type) -> int:
    return 1 + max(map(_depth, type_.items), default=0)
