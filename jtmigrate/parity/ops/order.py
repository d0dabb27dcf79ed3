"""Sorting, ranking and counting."""

import jittor as jt
import numpy as np

from jtmigrate.parity.functional.numerics import where
from jtmigrate.parity.ops.operands import along, as_dim
from jtmigrate.parity.ops.reduce import Selected, selected

__all__ = [
    "argsort", "bincount", "bucketize", "histc", "kthvalue", "median", "mode", "msort", "nonzero", "quantile",
    "searchsorted", "sort", "topk", "unique", "unique_consecutive",
]  # fmt: skip


def argsort(x: jt.Var, dim: int = -1, descending: bool = False, stable: bool = False) -> jt.Var:
    """Indices (int32) that sort x. `stable` keeps equal elements in order; numpy sorts then.

    NaN counts as infinity, where PyTorch puts it behind that. Jittor's own returns (index, value), and ends the process
    with a segmentation fault where there are several NaN.
    """
    dim = as_dim(dim, x.ndim)
    if not stable:
        if x.dtype.is_float():
            x = where(jt.isnan(x).logical_not(), x, np.inf)
        return jt.argsort(x, dim, descending)[0]
    values = x.numpy()
    if not descending:
        return jt.array(np.argsort(values, dim, kind="stable").astype(np.int32))
    # Sorted backwards and read backwards: equal elements come out as they stood.
    backwards = np.argsort(np.flip(values, dim), dim, kind="stable")
    return jt.array((values.shape[dim] - 1 - np.flip(backwards, dim)).astype(np.int32))


def sort(x: jt.Var, dim: int = -1, descending: bool = False, stable: bool = False) -> Selected:
    """(values, indices) along a dimension."""
    return selected(x, argsort(x, dim, descending, stable), dim, keepdim=True)


def msort(x: jt.Var) -> jt.Var:
    """Sorted along the first dimension."""
    return sort(x, 0).values


def topk(x: jt.Var, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Selected:
    """The k largest or smallest, always in order. Raises ValueError if there are fewer; Jittor's own returns fewer."""
    if k > x.shape[dim]:
        raise ValueError(f"topk: {k} of {x.shape[dim]} elements")
    return selected(x, argsort(x, dim, largest)[along(dim, x.ndim, slice(0, k))], dim, keepdim=True)


def kthvalue(x: jt.Var, k: int, dim: int = -1, keepdim: bool = False) -> Selected:
    """The k-th smallest, k counted from 1."""
    return selected(x, argsort(x, dim)[along(dim, x.ndim, slice(k - 1, k))], dim, keepdim)


def median(x: jt.Var, dim: int | None = None, keepdim: bool = False) -> "jt.Var | Selected":
    """The lower of the two middle elements; along a dimension (values, indices)."""
    if dim is None:
        return kthvalue(x.reshape(-1), (x.numel() + 1) // 2).values
    return kthvalue(x, (x.shape[dim] + 1) // 2, dim, keepdim)


def mode(x: jt.Var, dim: int = -1, keepdim: bool = False) -> Selected:
    """The smallest of the most frequent elements, and the last place where it stands. Counted by numpy."""

    def last_of_most(row: np.ndarray) -> int:
        values, counts = np.unique(row, return_counts=True)
        return np.flatnonzero(row == values[counts.argmax()])[-1]

    dim = as_dim(dim, x.ndim)
    index = jt.array(np.expand_dims(np.apply_along_axis(last_of_most, dim, x.numpy()), dim).astype(np.int32))
    return selected(x, index, dim, keepdim)


def quantile(x: jt.Var, q: float, dim: int | None = None, keepdim: bool = False) -> jt.Var:
    """One quantile, a number, interpolated linearly."""
    rest = (1,) * x.ndim if dim is None else None
    if dim is None:
        x, dim = x.reshape(-1), 0
    place = q * (x.shape[dim] - 1)
    below = int(place)
    ordered = sort(x, dim).values
    low, high = (ordered[along(dim, x.ndim, slice(at, at + 1))] for at in (below, min(below + 1, x.shape[dim] - 1)))
    result = low + (high - low) * jt.array(np.array([place - below], str(x.dtype)))
    if keepdim:
        return result if rest is None else result.reshape(rest)
    return result if x.ndim == 1 else result[along(dim, x.ndim, 0)]


def unique(
    x: jt.Var, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> "jt.Var | tuple[jt.Var, ...]":
    """The different elements or slices, always in order; found by numpy, without gradient."""
    found = np.unique(x.numpy(), return_inverse=True, return_counts=True, axis=dim)
    inverse = found[1].reshape(tuple(x.shape)) if dim is None else found[1].reshape(-1)
    return _parts((found[0], inverse, found[2]), return_inverse, return_counts)


def unique_consecutive(
    x: jt.Var, return_inverse: bool = False, return_counts: bool = False
) -> "jt.Var | tuple[jt.Var, ...]":
    """Runs of equal elements of x, read flat, each as one."""
    flat = x.numpy().reshape(-1)
    first = np.concatenate([[True], flat[1:] != flat[:-1]])
    inverse = (np.cumsum(first) - 1).reshape(tuple(x.shape))
    return _parts((flat[first], inverse, np.bincount(inverse.reshape(-1))), return_inverse, return_counts)


def _parts(found: tuple[np.ndarray, ...], inverse: bool, counts: bool) -> "jt.Var | tuple[jt.Var, ...]":
    with jt.flag_scope(auto_convert_64_to_32=0):
        values = jt.array(found[0])
    indices = [
        jt.array(part.astype(np.int32)) for part, wanted in zip(found[1:], (inverse, counts), strict=True) if wanted
    ]
    return (values, *indices) if indices else values


def searchsorted(sorted_sequence: jt.Var, values: jt.Var, *, right: bool = False, side: str | None = None) -> jt.Var:
    """Where values belong in a sequence that ascends along its last dimension: after equal ones if `right`."""
    values = values if isinstance(values, jt.Var) else jt.array([values])
    sequence, wanted = sorted_sequence.unsqueeze(-2), values.unsqueeze(-1)
    if sorted_sequence.ndim == 1:
        sequence = sorted_sequence
    below = sequence <= wanted if right or side == "right" else sequence < wanted
    return below.int32().sum(-1)


def bucketize(x: jt.Var, boundaries: jt.Var, *, right: bool = False) -> jt.Var:
    """Which of the intervals between ascending boundaries each element falls into."""
    return searchsorted(boundaries, x, right=right)


def bincount(x: jt.Var, weights: jt.Var | None = None, minlength: int = 0) -> jt.Var:
    """How often, or with which total weight, each number from 0 on occurs; counted by numpy, without gradient."""
    counts = np.bincount(x.numpy(), None if weights is None else weights.numpy(), minlength)
    return jt.array(counts.astype(np.int32 if weights is None else str(weights.dtype)))


def histc(x: jt.Var, bins: int = 100, min: float = 0, max: float = 0) -> jt.Var:
    """Histogram of what lies in [min, max], or of all if both are 0; counted by numpy."""
    values = x.numpy()
    limits = (values.min(), values.max()) if min == max == 0 else (min, max)
    return jt.array(np.histogram(values, bins, limits)[0].astype(str(x.dtype)))


def nonzero(x: jt.Var, *, as_tuple: bool = False) -> "jt.Var | tuple[jt.Var, ...]":
    """(N, ndim) indices (int32) of the elements that are not 0, or a vector for each dimension."""
    found = tuple(jt.where(x))
    return found if as_tuple else jt.concat([part.unsqueeze(1) for part in found], 1)
