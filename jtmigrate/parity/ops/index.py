"""Taking and placing elements by index. Nothing checks on a CPU that an index is in range: it reads foreign memory."""

from typing import Any

import jittor as jt

from jtmigrate.parity.functional.numerics import scalar
from jtmigrate.parity.ops.operands import along, as_dim

__all__ = [
    "gather", "index_add", "index_copy", "index_fill", "index_select", "masked_scatter", "masked_select", "scatter",
    "scatter_add", "take", "take_along_dim",
]  # fmt: skip


def gather(x: jt.Var, dim: int, index: jt.Var) -> jt.Var:
    """Elements of x whose place along `dim` the index says."""
    return x.gather(as_dim(dim, x.ndim), index)


def take_along_dim(x: jt.Var, indices: jt.Var, dim: int | None = None) -> jt.Var:
    """`gather` with an index that broadcasts; without `dim` of x read flat."""
    if dim is None:
        return x.reshape(-1).gather(0, indices.reshape(-1))
    dim = as_dim(dim, x.ndim)
    shape = [max(pair) for pair in zip(x.shape, indices.shape, strict=True)]
    shape[dim] = indices.shape[dim]
    whole = [*shape[:dim], x.shape[dim], *shape[dim + 1 :]]
    return x.broadcast(whole).gather(dim, indices.broadcast(shape))


def take(x: jt.Var, index: jt.Var) -> jt.Var:
    """Elements of x, read flat."""
    return x.reshape(-1)[index]


def index_select(x: jt.Var, dim: int, index: jt.Var) -> jt.Var:
    """Slices of x; Jittor's own inserts dimensions instead of skipping them."""
    return x[along(dim, x.ndim, index)]


def masked_select(x: jt.Var, mask: jt.Var) -> jt.Var:
    """Elements where the mask, which broadcasts, is True."""
    return x[mask.broadcast(x.shape)]


def masked_scatter(x: jt.Var, mask: jt.Var, source: jt.Var) -> jt.Var:
    """x with the elements of `source`, in order, where the mask, which broadcasts, is True."""
    mask = mask.broadcast(x.shape).reshape(-1)
    place = jt.maximum(mask.int32().cumsum(0) - 1, 0)
    return jt.ternary(mask, source.reshape(-1)[place], x.reshape(-1)).reshape(x.shape)


def scatter(x: jt.Var, dim: int, index: jt.Var, src: Any, *, reduce: str | None = None) -> jt.Var:
    """x with elements of `src`, a Var or a number, placed, added or multiplied where the index says along `dim`."""
    return _scattered(x, dim, index, src, {None: "void", "add": "add", "multiply": "multiply"}[reduce])


def scatter_add(x: jt.Var, dim: int, index: jt.Var, src: jt.Var) -> jt.Var:
    """x with elements of `src` added where the index says along `dim`."""
    return _scattered(x, dim, index, src, "add")


def _scattered(x: jt.Var, dim: int, index: jt.Var, src: Any, how: str) -> jt.Var:
    if not isinstance(src, jt.Var):
        src = jt.zeros(index.shape, x.dtype) + scalar(src, x)
    return x.scatter(as_dim(dim, x.ndim), index, src, how)


def index_add(x: jt.Var, dim: int, index: jt.Var, source: jt.Var, *, alpha: float = 1) -> jt.Var:
    """x with slices of `source` added."""
    return x.setitem(along(dim, x.ndim, index), source if alpha == 1 else source * scalar(alpha, x), "add")


def index_copy(x: jt.Var, dim: int, index: jt.Var, source: jt.Var) -> jt.Var:
    """x with slices of `source` in place of its own."""
    return x.setitem(along(dim, x.ndim, index), source)


def index_fill(x: jt.Var, dim: int, index: jt.Var, value: float) -> jt.Var:
    """x with a number in some slices."""
    shape = [*x.shape]
    shape[as_dim(dim, x.ndim)] = index.shape[0]
    return index_copy(x, dim, index, jt.zeros(shape, x.dtype) + scalar(value, x))
