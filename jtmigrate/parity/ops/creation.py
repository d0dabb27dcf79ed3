"""New tensors. Values are computed by numpy where Jittor would round them to float32 on the way."""

from collections.abc import Sequence
from math import e as e
from math import inf, nan, pi
from typing import Any

import jittor as jt
import numpy as np

from jtmigrate.parity.ops.operands import Dtype, as_dtype, as_shape

__all__ = [
    "arange", "e", "empty_like", "eye", "from_numpy", "full", "full_like", "inf", "linspace", "logspace", "nan",
    "new_empty", "new_full", "new_ones", "new_tensor", "new_zeros", "normal", "ones_like", "pi", "rand", "rand_like",
    "randint", "randint_like", "randn", "randn_like", "tensor", "tril_indices", "triu_indices",
    "zeros_like",
]  # fmt: skip

Size = int | Sequence[int]


def from_numpy(ndarray: np.ndarray) -> jt.Var:
    """A copy with the array's own dtype; `jt.array` turns float64 into float32 and int64 into int32."""
    with jt.flag_scope(auto_convert_64_to_32=0):
        return jt.array(np.atleast_1d(ndarray))


def tensor(data: Any, dtype: Dtype = None) -> jt.Var:
    """A copy of numbers, nested lists of them, an array or a Var. Python's floats become float32, its ints int32."""
    if isinstance(data, jt.Var):
        return data.detach().clone() if dtype is None else data.detach().cast(as_dtype(dtype))
    array = np.asarray(data)
    if dtype is not None:
        # By way of float32 where numpy knows no bfloat16.
        name = as_dtype(dtype)
        return from_numpy(array.astype("float32" if name == "bfloat16" else name)).cast(name)
    if not isinstance(data, np.ndarray | np.generic):
        array = array.astype({"f": np.float32, "i": np.int32}.get(array.dtype.kind, array.dtype))
    return from_numpy(array)


def arange(start: float = 0, end: float | None = None, step: float = 1, *, dtype: Dtype = None) -> jt.Var:
    """From `start` up to `end`, which is left out. `arange(end)` starts at 0. Whole numbers give int32."""
    first, stop = (0, start) if end is None else (start, end)
    first, stop, step = (value.item() if isinstance(value, jt.Var) else value for value in (first, stop, step))
    whole = all(isinstance(value, int | np.integer) for value in (first, stop, step))
    count = max(0, -(-(stop - first) // step) if whole else int(np.ceil((stop - first) / step)))
    return tensor(first + step * np.arange(count), dtype or ("int32" if whole else "float32"))


def linspace(start: float, end: float, steps: int, *, dtype: Dtype = None) -> jt.Var:
    """`steps` values from `start` to `end`, both included."""
    return tensor(np.linspace(start, end, steps), dtype or "float32")


def logspace(start: float, end: float, steps: int, base: float = 10.0, *, dtype: Dtype = None) -> jt.Var:
    """`base` to the power of `steps` values from `start` to `end`."""
    return tensor(np.logspace(start, end, steps, base=base), dtype or "float32")


def eye(n: int, m: int | None = None, *, dtype: Dtype = None) -> jt.Var:
    """(n, m) with ones on the diagonal."""
    return tensor(np.eye(n, m), dtype or "float32")


def tril_indices(row: int, col: int, offset: int = 0) -> jt.Var:
    """(2, N): rows and columns of the lower triangle."""
    return tensor(np.stack(np.tril_indices(row, offset, col)), "int32")


def triu_indices(row: int, col: int, offset: int = 0) -> jt.Var:
    """(2, N): rows and columns of the upper triangle."""
    return tensor(np.stack(np.triu_indices(row, offset, col)), "int32")


def full(size: Size, fill_value: float, *, dtype: Dtype = None) -> jt.Var:
    """Every element is `fill_value`, which decides the dtype if none is given: bool, int32 or float32."""
    value = tensor(fill_value, dtype)
    return value.broadcast(as_shape(size))


def full_like(x: jt.Var, fill_value: float, *, dtype: Dtype = None) -> jt.Var:
    """Shape, and dtype unless given, of x; every element is `fill_value`."""
    return full(x.shape, fill_value, dtype=dtype or x.dtype)


def zeros_like(x: jt.Var, *, dtype: Dtype = None) -> jt.Var:
    """Zeros in the shape of x. Jittor's own gives float32 where it is told `jt.int32`."""
    return new_zeros(x, x.shape, dtype=dtype)


def ones_like(x: jt.Var, *, dtype: Dtype = None) -> jt.Var:
    """Ones in the shape of x."""
    return new_ones(x, x.shape, dtype=dtype)


def empty_like(x: jt.Var, *, dtype: Dtype = None) -> jt.Var:
    """Shape of x, contents arbitrary."""
    return new_empty(x, x.shape, dtype=dtype)


def new_zeros(x: jt.Var, *size: Any, dtype: Dtype = None) -> jt.Var:
    """Zeros with the dtype of x."""
    return jt.zeros(as_shape(*size), dtype=as_dtype(dtype or x.dtype))


def new_ones(x: jt.Var, *size: Any, dtype: Dtype = None) -> jt.Var:
    """Ones with the dtype of x."""
    return jt.ones(as_shape(*size), dtype=as_dtype(dtype or x.dtype))


def new_empty(x: jt.Var, *size: Any, dtype: Dtype = None) -> jt.Var:
    """Arbitrary contents with the dtype of x."""
    return jt.empty(as_shape(*size), dtype=as_dtype(dtype or x.dtype))


def new_full(x: jt.Var, size: Size, fill_value: float, *, dtype: Dtype = None) -> jt.Var:
    """`fill_value` everywhere, with the dtype of x."""
    return full(size, fill_value, dtype=dtype or x.dtype)


def new_tensor(x: jt.Var, data: Any, *, dtype: Dtype = None) -> jt.Var:
    """A copy of `data` with the dtype of x."""
    return tensor(data, dtype or x.dtype)


def rand(*size: Any, dtype: Dtype = None) -> jt.Var:
    """Uniform in [0, 1)."""
    return jt.random(as_shape(*size)).cast(as_dtype(dtype or "float32"))


def randn(*size: Any, dtype: Dtype = None) -> jt.Var:
    """Standard normal."""
    return jt.random(as_shape(*size), type="normal").cast(as_dtype(dtype or "float32"))


def rand_like(x: jt.Var, *, dtype: Dtype = None) -> jt.Var:
    """Uniform in [0, 1), in the shape of x."""
    return rand(x.shape, dtype=dtype or x.dtype)


def randn_like(x: jt.Var, *, dtype: Dtype = None) -> jt.Var:
    """Standard normal, in the shape of x."""
    return randn(x.shape, dtype=dtype or x.dtype)


def randint(*bounds_and_size: Any, size: Size | None = None, dtype: Dtype = None) -> jt.Var:
    """`randint(high, size)` or `randint(low, high, size)`: whole numbers in [low, high)."""
    *bounds, shape = bounds_and_size if size is None else (*bounds_and_size, size)
    low, high = bounds if len(bounds) == 2 else (0, *bounds)
    return jt.randint(low, high, as_shape(shape)).cast(as_dtype(dtype or "int32"))


def randint_like(x: jt.Var, *bounds: int, dtype: Dtype = None) -> jt.Var:
    """`randint_like(x, high)` or `randint_like(x, low, high)`: whole numbers in the dtype of x."""
    return randint(*bounds, x.shape, dtype=dtype or x.dtype)


def normal(mean: "float | jt.Var", std: "float | jt.Var" = 1.0, size: Size | None = None) -> jt.Var:
    """Normal numbers; the shape is `size`, or that of `mean` or `std`."""
    like = next((value for value in (mean, std) if isinstance(value, jt.Var)), None)
    return (randn(size) if like is None else randn_like(like)) * std + mean
