"""Comparison, choice and logic."""

from typing import Any

import jittor as jt
import numpy as np

from jtmigrate.parity.functional.numerics import scalar
from jtmigrate.parity.ops.operands import operand

__all__ = [
    "allclose", "eq", "equal", "isclose", "isin", "masked_fill", "maximum", "minimum", "where",
    "where_method",
]  # fmt: skip


def equal(x: jt.Var, other: jt.Var) -> bool:
    """Whether shapes and all elements agree; Jittor's `equal` compares element by element."""
    return tuple(x.shape) == tuple(other.shape) and bool((x == other).all().item())


def eq(x: jt.Var, other: Any) -> jt.Var:
    """Element by element, what `equal` is called in Jittor."""
    return x == other


def isclose(x: jt.Var, other: jt.Var, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> jt.Var:
    """Element by element: |x - other| <= atol + rtol * |other|. Computed by numpy, for infinities and NaN."""
    return jt.array(np.isclose(x.numpy(), other.numpy(), rtol, atol, equal_nan))


def allclose(x: jt.Var, other: jt.Var, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether `isclose` holds everywhere."""
    return bool(np.allclose(x.numpy(), other.numpy(), rtol, atol, equal_nan))


def isin(elements: jt.Var, test_elements: jt.Var, *, invert: bool = False) -> jt.Var:
    """Which elements occur among `test_elements`."""
    found = (elements.unsqueeze(-1) == test_elements.reshape(-1)).int32().sum(-1) > 0
    return found.logical_not() if invert else found


def where(condition: jt.Var, x: Any = None, y: Any = None) -> "jt.Var | tuple[jt.Var, ...]":
    """x where the condition holds, else y: Vars or numbers, all broadcast. The condition alone: where it holds."""
    if x is None:
        return tuple(jt.where(condition))
    like = next((value for value in (x, y) if isinstance(value, jt.Var)), jt.zeros((1,)))
    chosen, other = (
        value if isinstance(value, jt.Var) else jt.zeros_like(like) + scalar(value, like) for value in (x, y)
    )
    shape = np.broadcast_shapes(*(tuple(part.shape) for part in (condition, chosen, other)))
    return jt.ternary(*(part.broadcast(shape) for part in (condition, chosen, other)))


def where_method(x: jt.Var, condition: jt.Var, other: Any) -> jt.Var:
    """`x.where(condition, other)`: x where the condition holds."""
    return where(condition, x, other)


def masked_fill(x: jt.Var, mask: jt.Var, value: Any) -> jt.Var:
    """`value` where the mask, which broadcasts, is True, else x."""
    value = value.cast(x.dtype) if isinstance(value, jt.Var) else value
    filled = jt.zeros_like(x) + operand(value, x)
    return jt.ternary(mask.bool().broadcast(x.shape), filled, x)


def maximum(x: jt.Var, other: jt.Var) -> jt.Var:
    """The larger one; where both are equal each takes half of the gradient."""
    return jt.ternary(x > other, x, jt.ternary(x < other, other, (x + other) / 2))


def minimum(x: jt.Var, other: jt.Var) -> jt.Var:
    """The smaller one; where both are equal each takes half of the gradient."""
    return jt.ternary(x < other, x, jt.ternary(x > other, other, (x + other) / 2))
