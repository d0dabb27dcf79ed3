"""Element by element, with PyTorch's rounding, signs and gradients."""

from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import jittor as jt

from jtmigrate.parity.functional.activation import sigmoid
from jtmigrate.parity.functional.numerics import log1p, magnitude, scalar
from jtmigrate.parity.functional.numerics import pow as _power
from jtmigrate.parity.ops.operands import operand

__all__ = [
    "abs",
    "add",
    "addcdiv",
    "addcmul",
    "atan2",
    "bitwise_not",
    "clamp",
    "clamp_max",
    "clamp_min",
    "div",
    "erf",
    "erfc",
    "erfinv",
    "exp2",
    "expm1",
    "floor_divide",
    "fmod",
    "frac",
    "hypot",
    "lerp",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logit",
    "mul",
    "nan_to_num",
    "pow",
    "reciprocal",
    "remainder",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sub",
    "trunc",
]  # fmt: skip


def _like(x: jt.Var, value: float) -> jt.Var:
    return jt.zeros_like(x) + scalar(value, x)


def bitwise_not(x: jt.Var) -> jt.Var:
    """~x: the other boolean, or -1 - x of integers."""
    return jt.logical_not(x) if x.dtype == "bool" else -1 - x


def add(x: jt.Var, other: Any, *, alpha: float = 1) -> jt.Var:
    """x + alpha * other."""
    other = operand(other, x)
    return x + (other if alpha == 1 else other * operand(alpha, x))


def sub(x: jt.Var, other: Any, *, alpha: float = 1) -> jt.Var:
    """x - alpha * other."""
    other = operand(other, x)
    return x - (other if alpha == 1 else other * operand(alpha, x))


def mul(x: jt.Var, other: Any) -> jt.Var:
    """x * other."""
    return x * operand(other, x)


def div(x: jt.Var, other: Any, *, rounding_mode: str | None = None) -> jt.Var:
    """x / other, rounded towards zero ("trunc") or down ("floor") if asked for."""
    if rounding_mode == "floor":
        return floor_divide(x, other)
    quotient = x / operand(other, x)
    if rounding_mode is None:
        return quotient
    return trunc(quotient).cast(x.dtype)


def floor_divide(x: jt.Var, other: Any) -> jt.Var:
    """x / other rounded down; Jittor's `//` rounds towards zero and makes integers of floats."""
    other = operand(other, x)
    if x.dtype.is_float():
        return jt.floor(x / other)
    quotient = x // other
    return quotient - ((quotient * other != x) & ((x < 0) != (other < 0))).cast(x.dtype)


def remainder(x: jt.Var, other: Any) -> jt.Var:
    """What `floor_divide` leaves: it has the sign of `other`. Jittor's `%` follows x."""
    other = operand(other, x)
    return x - floor_divide(x, other).stop_grad() * other


def fmod(x: jt.Var, other: Any) -> jt.Var:
    """What division rounded towards zero leaves: it has the sign of x."""
    other = operand(other, x)
    quotient = trunc(x / other) if x.dtype.is_float() else x // other
    return x - quotient.stop_grad() * other


def round(x: jt.Var, *, decimals: int = 0) -> jt.Var:
    """To the nearest whole number, halves to the even one; Jittor rounds them away from zero."""
    if decimals:
        return round(x * scalar(10.0**decimals, x)) / scalar(10.0**decimals, x)
    below = jt.floor(x)
    rest = x - below
    odd = below - jt.floor(below / 2) * 2
    return below + ((rest > 0.5) | ((rest == 0.5) & (odd == 1))).cast(x.dtype)


def trunc(x: jt.Var) -> jt.Var:
    """Towards zero."""
    return jt.ternary(x < 0, jt.ceil(x), jt.floor(x))


def frac(x: jt.Var) -> jt.Var:
    """What `trunc` cuts off."""
    return x - trunc(x)


def sign(x: jt.Var) -> jt.Var:
    """-1, 0 or 1; the gradient is 0."""
    return ((x > 0).int32() - (x < 0).int32()).cast(x.dtype)


def abs(x: jt.Var) -> jt.Var:
    """The gradient at 0 is 0; Jittor's is 1."""
    return magnitude(x)


def pow(x: "jt.Var | float", exponent: Any) -> jt.Var:
    """x to the power of a number or a Var; x may be a number too."""
    if not isinstance(x, jt.Var):
        return jt.pow(_like(exponent, x), exponent)
    return jt.pow(x, exponent) if isinstance(exponent, jt.Var) else _power(x, exponent)


def reciprocal(x: jt.Var) -> jt.Var:
    """1 / x."""
    return scalar(1.0, x) / x


def rsqrt(x: jt.Var) -> jt.Var:
    """1 / sqrt(x)."""
    return scalar(1.0, x) / jt.sqrt(x)


def expm1(x: jt.Var) -> jt.Var:
    """exp(x) - 1, exact for small x; -1 below -80."""
    half = jt.maximum(x, scalar(-80.0, x)) / 2
    return jt.exp(half) * jt.sinh(half) * 2


def exp2(x: jt.Var) -> jt.Var:
    """2 to the power of x."""
    return jt.exp(x * scalar(0.6931471805599453, x))


def log2(x: jt.Var) -> jt.Var:
    """Logarithm to base 2."""
    return jt.log(x) * scalar(1.4426950408889634, x)


def log10(x: jt.Var) -> jt.Var:
    """Logarithm to base 10."""
    return jt.log(x) * scalar(0.4342944819032518, x)


def logit(x: jt.Var, eps: float | None = None) -> jt.Var:
    """log(x / (1 - x)), of x limited to [eps, 1 - eps] if it is given."""
    if eps is not None:
        x = clamp(x, eps, 1 - eps)
    return jt.log(x / (scalar(1.0, x) - x))


def erf(x: jt.Var) -> jt.Var:
    """The error function, once differentiable; the gradient of Jittor's own is 5e-8 off in float64."""
    return _with_slope(jt.erf(x), x, jt.exp(-x * x) * scalar(2 / sqrt(pi), x))


def erfc(x: jt.Var) -> jt.Var:
    """1 - erf(x)."""
    return scalar(1.0, x) - erf(x)


def erfinv(x: jt.Var) -> jt.Var:
    """The inverse of `erf`, once differentiable; the gradient of Jittor's own is rounded to float32."""
    value = jt.erfinv(x)
    return _with_slope(value, x, jt.exp(value * value) * scalar(sqrt(pi) / 2, x))


def _with_slope(value: jt.Var, x: jt.Var, slope: jt.Var) -> jt.Var:
    """The value, with this gradient by x in place of its own."""
    return value.stop_grad() + (x - x.detach()) * slope.stop_grad()


def logaddexp(x: jt.Var, other: jt.Var) -> jt.Var:
    """log(exp(x) + exp(other)) without overflow."""
    largest = jt.maximum(x, other).stop_grad()
    return largest + jt.log(jt.exp(x - largest) + jt.exp(other - largest))


def hypot(x: jt.Var, other: jt.Var) -> jt.Var:
    """sqrt(x ** 2 + other ** 2)."""
    return jt.sqrt(x * x + other * other)


def atan2(x: jt.Var, other: jt.Var) -> jt.Var:
    """The angle of (other, x), in (-pi, pi]."""
    angle = jt.arctan(x / other)
    turn = scalar(pi, x)
    return angle + jt.ternary(other < 0, jt.ternary(x < 0, jt.zeros_like(x) - turn, jt.zeros_like(x) + turn), x * 0)


def clamp(x: jt.Var, min: Any = None, max: Any = None) -> jt.Var:
    """x limited to [min, max], numbers or Vars; the gradient at the limits is 1, as in PyTorch (Jittor: 0)."""
    for bound, outside in ((min, _below), (max, _above)):
        if bound is not None:
            bound = bound.cast(x.dtype) if isinstance(bound, jt.Var) else _like(x, bound)
            x = jt.ternary(outside(x, bound), jt.zeros_like(x) + bound, x)
    return x


def _below(x: jt.Var, bound: jt.Var) -> jt.Var:
    return x < bound


def _above(x: jt.Var, bound: jt.Var) -> jt.Var:
    return x > bound


def clamp_min(x: jt.Var, min: Any) -> jt.Var:
    """x, `min` at least."""
    return clamp(x, min=min)


def clamp_max(x: jt.Var, max: Any) -> jt.Var:
    """x, `max` at most."""
    return clamp(x, max=max)


def lerp(x: jt.Var, end: jt.Var, weight: Any) -> jt.Var:
    """x + weight * (end - x)."""
    return x + (end - x) * operand(weight, x)


def addcmul(x: jt.Var, tensor1: jt.Var, tensor2: jt.Var, *, value: float = 1) -> jt.Var:
    """x + value * tensor1 * tensor2."""
    return add(x, tensor1 * tensor2, alpha=value)


def addcdiv(x: jt.Var, tensor1: jt.Var, tensor2: jt.Var, *, value: float = 1) -> jt.Var:
    """x + value * tensor1 / tensor2."""
    return add(x, tensor1 / tensor2, alpha=value)


def nan_to_num(x: jt.Var, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> jt.Var:
    """NaN and infinities replaced, these by the largest numbers of the dtype unless others are given."""
    limits = jt.finfo(str(x.dtype))
    replacements: tuple[tuple[Callable[[jt.Var], jt.Var], Any], ...] = (
        (jt.isnan, nan),
        (jt.isposinf, limits.max if posinf is None else posinf),
        (jt.isneginf, limits.min if neginf is None else neginf),
    )
    for found, value in replacements:
        x = jt.ternary(found(x), _like(x, float(value)), x)
    return x
