"""What the functions and modules are built of; PyTorch has no names for these.

Two habits of Jittor shape this file. A Python number enters a float64 expression rounded to float32, so constants go
through `scalar`. Kernels are built with -Ofast, which folds (1 + x) - 1 to x: the usual compensated formulas are out.
"""

import math
from collections.abc import Sequence

import jittor as jt
import numpy as np


def scalar(value: float, like: jt.Var) -> "float | jt.Var":
    """A constant that keeps its precision when combined with `like`."""
    if str(like.dtype) != "float64":
        return value
    with jt.flag_scope(auto_convert_64_to_32=0):
        # One element, not 0-d: Jittor narrows 0-d arrays to float32 as it does Python numbers.
        return jt.array(np.array([value], np.float64))


def clamp(x: jt.Var, min: float | None = None, max: float | None = None) -> jt.Var:
    """x limited to [min, max]; the gradient at the limits themselves is 1, as in PyTorch (Jittor: 0)."""
    if min is not None:
        x = jt.ternary(x >= scalar(min, x), x, jt.full_like(x, 0) + scalar(min, x))
    if max is not None:
        x = jt.ternary(x <= scalar(max, x), x, jt.full_like(x, 0) + scalar(max, x))
    return x


def mean(x: jt.Var, dims: tuple[int, ...]) -> jt.Var:
    """Mean over `dims`, kept as dimensions of size 1, as float64.

    Jittor's own reduction adds all values of a float32 tensor to a single float32: 9e-6 off for 2 x 160 x 160 of them.
    One dimension after the other is ten times faster than all at once if the contiguous one does not come first.
    """
    total = x.float64()
    for dim in dims:
        total = total.sum(dim, keepdims=True)
    return total / math.prod(x.shape[dim] for dim in dims)


def per_channel(values: jt.Var) -> jt.Var:
    """(C,) -> (1, C, 1, 1)."""
    return values.reshape((1, -1, 1, 1))


def spread(values: jt.Var, x: jt.Var) -> jt.Var:
    """Write `values`, of size 1 in some dimensions of x, out along the last one, to be combined with x.

    Jittor then sums the gradient in two steps, which is as much faster and more accurate as in `mean`.
    """
    return values.broadcast((*values.shape[:-1], x.shape[-1]))


def moments(x: jt.Var, dims: tuple[int, ...]) -> tuple[jt.Var, jt.Var, jt.Var]:
    """Mean, deviation from it and biased variance over `dims`; mean and variance are small float64 tensors.

    The variance is the mean of squared deviations: Jittor's own E[x^2] - E[x]^2 loses all digits where the mean is
    large. For the order of `dims` see `mean`.
    """
    center = mean(x, dims)
    deviation = (x.float64() - spread(center, x)).cast(x.dtype)
    return center, deviation, mean(deviation * deviation, dims)


def inverse_std(var: jt.Var, eps: float) -> jt.Var:
    """1 / sqrt(var + eps) as float64: Jittor's float32 division and root are approximations."""
    var = var.float64()
    return 1 / jt.sqrt(var + scalar(eps, var))


def any(x: jt.Var, dim: int, keepdim: bool = False) -> jt.Var:
    """Whether any element along `dim` is True. (N, ...) bool -> bool."""
    return x.int32().sum(dim, keepdims=keepdim) > 0


def where(condition: jt.Var, x: jt.Var, other: float) -> jt.Var:
    """x where the condition holds (it broadcasts), else the constant."""
    return jt.ternary(condition.broadcast(x.shape), x, jt.zeros_like(x) + scalar(other, x))


def pow(x: jt.Var, exponent: float) -> jt.Var:
    """x ** exponent; squares by multiplication, whose gradient at 0 is 0 and not NaN."""
    return x * x if exponent == 2 else x ** scalar(exponent, x)


def array(values: np.ndarray, like: jt.Var) -> jt.Var:
    """Numpy values as a Var in the precision of `like`."""
    with jt.flag_scope(auto_convert_64_to_32=0):
        return jt.array(np.asarray(values, str(like.dtype)))


def log1p(x: jt.Var) -> jt.Var:
    """log(1 + x), exact for small x."""
    return jt.arctanh(x / (x + 2)) * 2


def magnitude(x: jt.Var) -> jt.Var:
    """|x|, whose gradient at 0 is 0, as in PyTorch (Jittor: 1)."""
    return jt.ternary(x > 0, x, jt.ternary(x < 0, -x, x * 0))


def is_label(labels: jt.Var, num_classes: int) -> jt.Var:
    """Boolean (..., num_classes), True at the label."""
    return labels.unsqueeze(-1) == jt.arange(num_classes)


def constant(values: np.ndarray) -> jt.Var:
    """Numpy values as a Var of their own precision, integers as int32; they are never trained."""
    with jt.flag_scope(auto_convert_64_to_32=0):
        return jt.array(values.astype(np.int32) if values.dtype == np.int64 else values).stop_grad()


def dtype_name(dtype: object) -> str:
    """ "float64" for jittor.float64, which is a function, for a Var's dtype and for the name itself."""
    return getattr(dtype, "__name__", str(dtype))


def draw(shape: Sequence[int], like: jt.Var) -> jt.Var:
    """Uniform numbers from [0, 1) in the precision of `like`."""
    return jt.random(tuple(shape), "float32").stop_grad().cast(like.dtype)


def repeated(value: int | Sequence[int], times: int) -> tuple[int, ...]:
    """One number a dimension: (3, 3) for 3, and a sequence as it is; one of a single number is repeated too."""
    values = tuple(value) if isinstance(value, Sequence) else (value,)
    return values * times if len(values) == 1 else values
