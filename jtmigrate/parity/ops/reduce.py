"""Reductions. `max`, `min` and their like return PyTorch's pairs, with `.values` and `.indices`."""

from collections.abc import Sequence
from math import inf
from math import prod as _product
from typing import Any, NamedTuple

import jittor as jt

from jtmigrate.parity.functional.numerics import magnitude, scalar
from jtmigrate.parity.ops import compare
from jtmigrate.parity.ops.operands import along, as_dim, as_dims

__all__ = [
    "Selected", "all", "amax", "amin", "aminmax", "any", "argmax", "argmin", "count_nonzero", "cumprod", "cumsum",
    "logcumsumexp", "logsumexp", "max", "mean", "min", "nanmean", "nansum", "norm", "prod", "std", "std_mean",
    "sum", "var", "var_mean",
]  # fmt: skip

Dim = int | Sequence[int] | None


class Selected(NamedTuple):
    """What `max(x, dim)`, `sort`, `topk` and their like return."""

    values: jt.Var
    indices: jt.Var


def sum(x: jt.Var, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> jt.Var:
    """Sum over one, several or all dimensions; small integers and booleans are added as int32, not as themselves.

    Jittor's own adds up float32 in one float32: 6e-5 off for a loss of 340,000 elements.
    """
    if dtype is not None:
        x = x.cast(dtype)
    elif not x.dtype.is_float() and str(x.dtype) not in ("int32", "int64"):
        x = x.int32()
    total = _total(x, dim, keepdim)
    return total if total.dtype == x.dtype else total.cast(x.dtype)


def mean(x: jt.Var, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> jt.Var:
    """Mean over one, several or all dimensions; the gradient of Jittor's own is 5e-8 off in float64."""
    x = x if dtype is None else x.cast(dtype)
    count = _product(x.shape[at] for at in as_dims(dim, x.ndim))
    total = _total(x, dim, keepdim)
    result = total / scalar(float(count), total)
    return result if total.dtype == x.dtype else result.cast(x.dtype)


def prod(x: jt.Var, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> jt.Var:
    """Product over one or all dimensions."""
    x = x if dtype is None else x.cast(dtype)
    return _reduced(x.prod, x, dim, keepdim)


def _total(x: jt.Var, dim: Dim, keepdim: bool) -> jt.Var:
    """The sum, of narrower floats as float64."""
    x = x.float64() if x.dtype.is_float() and str(x.dtype) != "float64" else x
    return _reduced(x.sum, x, dim, keepdim)


def _reduced(reduction: Any, x: jt.Var, dim: Dim, keepdim: bool) -> jt.Var:
    dims = as_dims(dim, x.ndim)
    return reduction(dims if len(dims) > 1 else dims[0], keepdim)


def amax(x: jt.Var, dim: Dim = (), keepdim: bool = False) -> jt.Var:
    """The largest element; equal ones share the gradient."""
    return _extreme(x, x.max, dim, keepdim)


def amin(x: jt.Var, dim: Dim = (), keepdim: bool = False) -> jt.Var:
    """The smallest element; equal ones share the gradient."""
    return _extreme(x, x.min, dim, keepdim)


def _extreme(x: jt.Var, reduction: Any, dim: Dim, keepdim: bool) -> jt.Var:
    dims = as_dims(dim, x.ndim)
    hit = x == reduction(dims, True).broadcast(x.shape)
    total = jt.ternary(hit, x, jt.zeros_like(x)).sum(dims, keepdim)
    return (total / hit.int32().sum(dims, keepdim).cast(x.dtype)).cast(x.dtype)


def aminmax(x: jt.Var, *, dim: int | None = None, keepdim: bool = False) -> tuple[jt.Var, jt.Var]:
    """Both `amin` and `amax`."""
    return amin(x, dim, keepdim), amax(x, dim, keepdim)


def argmax(x: jt.Var, dim: int | None = None, keepdim: bool = False) -> jt.Var:
    """Where the largest element is, as int32; Jittor's own returns (index, value)."""
    return _arg(x, "max", dim, keepdim)


def argmin(x: jt.Var, dim: int | None = None, keepdim: bool = False) -> jt.Var:
    """Where the smallest element is, as int32; Jittor's own returns (index, value)."""
    return _arg(x, "min", dim, keepdim)


def _arg(x: jt.Var, which: str, dim: int | None, keepdim: bool) -> jt.Var:
    if dim is None:
        return jt.arg_reduce(x.reshape(-1), which, 0, False)[0].reshape((1,) * (x.ndim if keepdim else 1))
    return jt.arg_reduce(x, which, as_dim(dim, x.ndim), keepdim)[0]


def max(x: jt.Var, dim: "int | jt.Var | None" = None, keepdim: bool = False) -> "jt.Var | Selected":
    """The largest element; along a dimension (values, indices); of two Vars the larger elements.

    Jittor's `max(dim)` returns the values only, so that `[0]` takes the first row of them.
    """
    if isinstance(dim, jt.Var):
        return compare.maximum(x, dim)
    return amax(x) if dim is None else selected(x, argmax(x, dim, True), dim, keepdim)


def min(x: jt.Var, dim: "int | jt.Var | None" = None, keepdim: bool = False) -> "jt.Var | Selected":
    """The smallest element; along a dimension (values, indices); of two Vars the smaller elements."""
    if isinstance(dim, jt.Var):
        return compare.minimum(x, dim)
    return amin(x) if dim is None else selected(x, argmin(x, dim, True), dim, keepdim)


def selected(x: jt.Var, index: jt.Var, dim: int, keepdim: bool) -> Selected:
    """What an index selects along `dim`, which it has too; without `keepdim` it is of size 1 there, and goes."""
    pair = Selected(x.gather(as_dim(dim, x.ndim), index), index)
    if keepdim or x.ndim == 1:
        return pair
    return Selected(*(part[along(dim, x.ndim, 0)] for part in pair))


def any(x: jt.Var, dim: Dim = None, keepdim: bool = False) -> jt.Var:
    """Whether any element is not 0."""
    return (x != 0).int32().sum(as_dims(dim, x.ndim), keepdim) > 0


def all(x: jt.Var, dim: Dim = None, keepdim: bool = False) -> jt.Var:
    """Whether no element is 0."""
    return (x == 0).int32().sum(as_dims(dim, x.ndim), keepdim) == 0


def count_nonzero(x: jt.Var, dim: Dim = None) -> jt.Var:
    """How many elements are not 0."""
    return (x != 0).int32().sum(as_dims(dim, x.ndim))


def var(
    x: jt.Var, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
) -> jt.Var:
    """Variance, of n values divided by n - 1 unless told otherwise; Jittor's own divides by n."""
    return var_mean(x, dim, unbiased, keepdim, correction=correction)[0]


def std(
    x: jt.Var, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
) -> jt.Var:
    """Root of `var`; Jittor's own is never below 0.001."""
    return jt.sqrt(var(x, dim, unbiased, keepdim, correction=correction))


def var_mean(
    x: jt.Var, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
) -> tuple[jt.Var, jt.Var]:
    """`var` and `mean`. A bool in the place of `dim` is `unbiased`."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    dims = as_dims(dim, x.ndim)
    freedom = _product(x.shape[at] for at in dims) - (int(unbiased) if correction is None else correction)
    deviation = x - mean(x, dims, True)
    return (deviation * deviation).sum(dims, keepdim) / freedom, mean(x, dims, keepdim)


def std_mean(
    x: jt.Var, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
) -> tuple[jt.Var, jt.Var]:
    """`std` and `mean`."""
    variance, center = var_mean(x, dim, unbiased, keepdim, correction=correction)
    return jt.sqrt(variance), center


def norm(x: jt.Var, p: "float | str | None" = "fro", dim: Dim = None, keepdim: bool = False) -> jt.Var:
    """p-norm over one, several or, unless `dim` is given, all dimensions; Jittor's own takes the last one.

    The gradient of the 2-norm at 0 is 0. Raises ValueError for the nuclear norm.
    """
    if p == "nuc":
        raise ValueError("norm: p='nuc' is not here")
    order = 2.0 if p in ("fro", None) else float(p)
    size = magnitude(x)
    dims = as_dims(dim, x.ndim)
    if order in (inf, -inf):
        return amax(size, dims, keepdim) if order > 0 else amin(size, dims, keepdim)
    if order == 0:
        return (x != 0).cast(x.dtype).sum(dims, keepdim)
    if order == 1:
        return size.sum(dims, keepdim)
    total = (x * x if order == 2 else size ** scalar(order, x)).sum(dims, keepdim)
    safe = jt.ternary(total == 0, jt.ones_like(total), total)
    root = jt.sqrt(safe) if order == 2 else safe ** scalar(1 / order, x)
    return jt.ternary(total == 0, jt.zeros_like(total), root)


def logsumexp(x: jt.Var, dim: Dim, keepdim: bool = False) -> jt.Var:
    """log(sum(exp(x))) without overflow; Jittor's own is infinite from 89 on."""
    dims = as_dims(dim, x.ndim)
    largest = x.max(dims, True).stop_grad()
    result = jt.log(jt.exp(x - largest).sum(dims, True)) + largest
    if keepdim:
        return result
    return result.reshape(tuple(size for at, size in enumerate(x.shape) if at not in dims) or (1,))


def cumsum(x: jt.Var, dim: int, *, dtype: Any = None) -> jt.Var:
    """Sums of what came before and the element itself; Jittor's own refuses dimensions below -1."""
    return (x if dtype is None else x.cast(dtype)).cumsum(as_dim(dim, x.ndim))


def cumprod(x: jt.Var, dim: int, *, dtype: Any = None) -> jt.Var:
    """Products of what came before and the element itself; Jittor's own is NaN after a negative number."""
    x = x if dtype is None else x.cast(dtype)
    parts = [x[along(dim, x.ndim, slice(0, 1))]]
    for index in range(1, x.shape[dim]):
        parts.append(parts[-1] * x[along(dim, x.ndim, slice(index, index + 1))])
    return jt.concat(parts, as_dim(dim, x.ndim))


def logcumsumexp(x: jt.Var, dim: int) -> jt.Var:
    """Logarithms of the running sum of exp(x)."""
    largest = x.max(as_dim(dim, x.ndim), True).stop_grad()
    return jt.log(cumsum(jt.exp(x - largest), dim)) + largest


def nansum(x: jt.Var, dim: Dim = None, keepdim: bool = False) -> jt.Var:
    """Sum of what is not NaN."""
    return sum(jt.ternary(jt.isnan(x), jt.zeros_like(x), x), dim, keepdim)


def nanmean(x: jt.Var, dim: Dim = None, keepdim: bool = False) -> jt.Var:
    """Mean of what is not NaN."""
    return nansum(x, dim, keepdim) / sum(jt.isnan(x).logical_not(), dim, keepdim).cast(x.dtype)
