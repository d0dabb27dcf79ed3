"""Shapes and order of elements."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import jittor as jt
import numpy as np

from jtmigrate.parity import kernels
from jtmigrate.parity.compiled import graph
from jtmigrate.parity.compiled.graph import Symbol
from jtmigrate.parity.kernels.joining import Concat, Split
from jtmigrate.parity.ops.operands import along, as_dim, as_dims, as_shape

__all__ = [
    "T", "broadcast_tensors", "cat", "chunk", "column_stack", "diff", "flip", "fliplr", "flipud",
    "hsplit", "hstack", "mT", "meshgrid", "movedim", "narrow", "repeat_interleave", "roll", "rot90", "select",
    "squeeze", "stack", "t", "tensor_split", "tile", "unbind", "unflatten", "unfold", "vsplit", "vstack",
]  # fmt: skip

MOST_PARTS = 8
"""Of a tensor, for which the operators of `kernels` are compiled: each number of parts needs another one."""


def cat(tensors: Sequence[jt.Var], dim: int = 0) -> jt.Var:
    """Tensors joined along a dimension. Stock Jittor adds up as many tensors of the whole size."""
    tensors = list(tensors)
    if isinstance(tensors[0], Symbol):
        return graph.cat(tensors, dim)
    if len(tensors) <= MOST_PARTS and kernels.apply_to(*tensors) and _are_alike(tensors, dim):
        return Concat(as_dim(dim, tensors[0].ndim))(*tensors)
    return jt.concat(tensors, dim)


def _are_alike(tensors: Sequence[jt.Var], dim: int) -> bool:
    """Whether they differ in size along `dim` only."""
    dims = tensors[0].ndim
    if not -dims <= dim < dims:
        return False
    others = {tuple(size for place, size in enumerate(x.shape) if place != dim % dims) for x in tensors}
    return len(others) == 1 and all(x.ndim == dims for x in tensors)


def stack(tensors: Sequence[jt.Var], dim: int = 0) -> jt.Var:
    """Tensors of one shape along a new dimension. Stock Jittor puts copies into a list that is passed."""
    dim = as_dim(dim, tensors[0].ndim + 1)
    return jt.concat([tensor.unsqueeze(dim) for tensor in tensors], dim)


def vstack(tensors: Sequence[jt.Var]) -> jt.Var:
    """One below the other; vectors are rows."""
    return jt.concat([x.unsqueeze(0) if x.ndim == 1 else x for x in tensors], 0)


def hstack(tensors: Sequence[jt.Var]) -> jt.Var:
    """Side by side; vectors are joined."""
    return jt.concat(list(tensors), 0 if tensors[0].ndim == 1 else 1)


def column_stack(tensors: Sequence[jt.Var]) -> jt.Var:
    """Side by side; vectors are columns."""
    return jt.concat([x.unsqueeze(1) if x.ndim == 1 else x for x in tensors], 1)


def chunk(x: jt.Var, chunks: int, dim: int = 0) -> tuple[jt.Var, ...]:
    """At most `chunks` parts of equal length, the last one possibly shorter."""
    if isinstance(x, Symbol):
        return x.chunk(chunks, dim)
    if chunks < 1:
        raise ValueError(f"chunk: there is no tensor in {chunks} parts")
    length = x.shape[dim]
    if length and length % chunks == 0 and chunks <= MOST_PARTS and kernels.apply_to(x):
        return Split([length // chunks] * chunks, as_dim(dim, x.ndim))(x)
    return x.split(max(1, -(-length // chunks)), dim) if length else (x,) * chunks


def tensor_split(x: jt.Var, indices_or_sections: "int | Sequence[int]", dim: int = 0) -> tuple[jt.Var, ...]:
    """So many parts whose lengths differ by one at most, or parts that begin at the given places."""
    length = x.shape[dim]
    if isinstance(indices_or_sections, int):
        short, longer = divmod(length, indices_or_sections)
        sizes = [short + 1] * longer + [short] * (indices_or_sections - longer)
        bounds = [0, *accumulate(sizes)]
    else:
        bounds = [0, *indices_or_sections, length]
    return tuple(x[along(dim, x.ndim, slice(*pair))] for pair in pairwise(bounds))


def hsplit(x: jt.Var, indices_or_sections: "int | Sequence[int]") -> tuple[jt.Var, ...]:
    """`tensor_split` along the columns, or of a vector."""
    return tensor_split(x, indices_or_sections, 0 if x.ndim == 1 else 1)


def vsplit(x: jt.Var, indices_or_sections: "int | Sequence[int]") -> tuple[jt.Var, ...]:
    """`tensor_split` along the rows."""
    return tensor_split(x, indices_or_sections, 0)


def unbind(x: jt.Var, dim: int = 0) -> tuple[jt.Var, ...]:
    """The slices along a dimension, without it."""
    return tuple(select(x, dim, index) for index in range(x.shape[dim]))


def select(x: jt.Var, dim: int, index: int) -> jt.Var:
    """One slice along a dimension, without it."""
    return x[along(dim, x.ndim, index)]


def narrow(x: jt.Var, dim: int, start: int, length: int) -> jt.Var:
    """`length` slices from `start` on."""
    return x[along(dim, x.ndim, slice(start, start + length))]


def squeeze(x: jt.Var, dim: "int | Sequence[int] | None" = None) -> jt.Var:
    """Without its dimensions of size 1, or those of them that are named. Stock Jittor refuses other sizes."""
    gone = as_dims(dim, x.ndim)
    return x.reshape(as_shape([size for at, size in enumerate(x.shape) if at not in gone or size != 1]))


def unflatten(x: jt.Var, dim: int, sizes: Sequence[int]) -> jt.Var:
    """One dimension becomes several; one size may be -1."""
    dim = as_dim(dim, x.ndim)
    return x.reshape((*x.shape[:dim], *sizes, *x.shape[dim + 1 :]))


def movedim(x: jt.Var, source: "int | Sequence[int]", destination: "int | Sequence[int]") -> jt.Var:
    """Dimensions moved, the others in their order."""
    places = dict(zip(as_dims(destination, x.ndim), as_dims(source, x.ndim), strict=True))
    others = iter(dim for dim in range(x.ndim) if dim not in places.values())
    return x.permute(tuple(places[at] if at in places else next(others) for at in range(x.ndim)))


def t(x: jt.Var) -> jt.Var:
    """A matrix transposed; a vector stays as it is."""
    return x.transpose(0, 1) if x.ndim == 2 else x


def T(x: jt.Var) -> jt.Var:
    """Dimensions in reverse order."""
    return x.permute(tuple(reversed(range(x.ndim))))


def mT(x: jt.Var) -> jt.Var:
    """The last two dimensions exchanged."""
    return x.transpose(-2, -1)


def tile(x: jt.Var, *dims: Any) -> jt.Var:
    """Repeated; missing leading repeats are 1."""
    repeats = as_shape(*dims)
    return x.repeat((1,) * (x.ndim - len(repeats)) + repeats)


def flip(x: jt.Var, *dims: Any) -> jt.Var:
    """Reversed along dimensions, given as one sequence or as numbers."""
    return jt.flip(x, list(as_dims(as_shape(*dims), x.ndim)))


def fliplr(x: jt.Var) -> jt.Var:
    """Reversed along the second dimension."""
    return flip(x, 1)


def flipud(x: jt.Var) -> jt.Var:
    """Reversed along the first dimension."""
    return flip(x, 0)


def rot90(x: jt.Var, k: int = 1, dims: Sequence[int] = (0, 1)) -> jt.Var:
    """Turned by k quarters from the first of `dims` towards the second."""
    first, second = dims
    turns = {0: x, 1: flip(x, second).transpose(first, second), 2: flip(x, *dims), 3: flip(x, first).transpose(*dims)}
    return turns[k % 4]


def roll(x: jt.Var, shifts: "int | Sequence[int]", dims: "int | Sequence[int] | None" = None) -> jt.Var:
    """Shifted round; without `dims` as if flat."""
    if dims is None:
        return roll(x.reshape(-1), shifts, 0).reshape(x.shape)
    for shift, dim in zip(np.atleast_1d(shifts).tolist(), as_dims(dims, x.ndim), strict=True):
        at = -shift % x.shape[dim]
        if at:
            x = jt.concat([x[along(dim, x.ndim, slice(at, None))], x[along(dim, x.ndim, slice(0, at))]], dim)
    return x


def unfold(x: jt.Var, dimension: int, size: int, step: int) -> jt.Var:
    """Windows along a dimension; what they hold becomes the last dimension."""
    dim = as_dim(dimension, x.ndim)
    starts = range(0, x.shape[dim] - size + 1, step)
    windows = [x[along(dim, x.ndim, slice(start, start + size))].unsqueeze(dim) for start in starts]
    return movedim(jt.concat(windows, dim), dim + 1, -1)


def broadcast_tensors(*tensors: jt.Var) -> tuple[jt.Var, ...]:
    """All in the shape that they have together."""
    shape = np.broadcast_shapes(*(tuple(tensor.shape) for tensor in tensors))
    return tuple(tensor.expand(shape) for tensor in tensors)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[jt.Var, ...]:
    """Coordinates of a grid, of vectors or one sequence of them; "xy" exchanges the first two dimensions."""
    vectors = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], jt.Var) else tensors
    grids = tuple(jt.meshgrid(*vectors))
    return tuple(grid.transpose(0, 1) for grid in grids) if indexing == "xy" else grids


def repeat_interleave(x: jt.Var, repeats: "int | jt.Var", dim: int | None = None) -> jt.Var:
    """Every slice so many times; `repeats` may be a Var with one number a slice."""
    if dim is None:
        x, dim = x.reshape(-1), 0
    counts = repeats.numpy() if isinstance(repeats, jt.Var) else repeats
    index = np.repeat(np.arange(x.shape[dim], dtype=np.int32), counts)
    return x[along(dim, x.ndim, jt.array(index))]


def diff(x: jt.Var, n: int = 1, dim: int = -1) -> jt.Var:
    """Differences of neighbours, n times over."""
    for _ in range(n):
        x = x[along(dim, x.ndim, slice(1, None))] - x[along(dim, x.ndim, slice(None, -1))]
    return x
