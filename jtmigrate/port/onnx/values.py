"""What is known about a value while code is written: a constant, sizes, or the result of a line."""

from dataclasses import dataclass

import numpy as np

Size = int | str
"""A number, or an expression that gives one in a run."""


class CannotPort(Exception):
    """An operation that has no counterpart here; the reason is the message."""


@dataclass(frozen=True, eq=False)
class Constant:
    """Numbers that do not depend on the input.

    origin  the initialiser that they were made of, "" where there are several or none
    """

    array: np.ndarray
    origin: str = ""


@dataclass(frozen=True)
class Sizes:
    """Whole numbers that depend on the shapes of the input: at least one is an expression."""

    items: tuple[Size, ...]
    is_scalar: bool = False


@dataclass(frozen=True)
class Line:
    """The result of a line of code, by the name that it has there."""

    name: str


Value = Constant | Sizes | Line


def sizes_or_constant(items: tuple[Size, ...], *, is_scalar: bool = False) -> Constant | Sizes:
    """Sizes; a constant if all of them are numbers."""
    if all(isinstance(item, int) for item in items):
        return Constant(np.array(items[0] if is_scalar else items, np.int64))
    return Sizes(items, is_scalar)


def literal(number: np.generic) -> str:
    """A number as it is written: the shortest text that gives the same in its own precision."""
    if np.issubdtype(number.dtype, np.floating):
        value = float(number)
        if not np.isfinite(value):
            return f'float("{value}")'
        return repr(float(np.format_float_scientific(number, unique=True)))
    return repr(number.item())


def listed(items: tuple[Size, ...] | list[Size]) -> str:
    """Sizes as they stand in a call: "batch, -1, 4"."""
    return ", ".join(map(str, items))
