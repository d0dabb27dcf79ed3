"""What the functions of this package do to their arguments."""

from collections.abc import Iterable
from typing import Any

import jittor as jt

from jtmigrate.parity.functional.numerics import scalar

Dtype = Any
"""`jt.float32`, "float32", the dtype of a Var, or None for the usual one."""


def as_dtype(dtype: Dtype) -> str:
    """The name of a dtype: `jt.float32` is a function, the dtype of a Var a NanoString."""
    return getattr(dtype, "__name__", None) or str(dtype)


def as_shape(*size: Any) -> tuple[int, ...]:
    """A shape passed as one sequence or as numbers; () becomes (1,), for Jittor has no 0-d tensors."""
    first = size[0] if len(size) == 1 and isinstance(size[0], Iterable | jt.NanoVector) else size
    return tuple(int(length) for length in first) or (1,)


def operand(value: Any, like: jt.Var) -> "float | jt.Var":
    """A number that keeps its precision when combined with `like`; a Var is handed through."""
    return value if isinstance(value, jt.Var) else scalar(value, like)


def as_dim(dim: int, ndim: int) -> int:
    """Counted from the front. Raises IndexError."""
    if not -ndim <= dim < ndim:
        raise IndexError(f"dimension {dim} of a tensor that has {ndim}")
    return dim % ndim


def as_dims(dim: "int | Iterable[int] | None", ndim: int) -> tuple[int, ...]:
    """Dimensions counted from the front; None and () mean all."""
    if dim is None:
        return tuple(range(ndim))
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    return tuple(as_dim(one, ndim) for one in dims) or tuple(range(ndim))


def along(dim: int, ndim: int, index: Any) -> tuple[Any, ...]:
    """The subscript that takes `index` in dimension `dim`."""
    return (slice(None),) * as_dim(dim, ndim) + (index,)
