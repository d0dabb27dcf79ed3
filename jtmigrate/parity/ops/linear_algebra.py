"""Products of matrices and vectors."""

from typing import Any

import jittor as jt
import numpy as np
from jittor.linalg import einsum as _einsum

from jtmigrate.parity.functional.numerics import scalar
from jtmigrate.parity.ops.reduce import norm

__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "cdist", "cross", "diag", "diag_embed", "diagonal", "dot", "einsum",
    "kron", "mv", "solve", "tensordot", "trace", "vector_norm",
]  # fmt: skip


def einsum(equation: str, *operands: Any) -> jt.Var:
    """Einstein's sum; the operands may come in a list."""
    return _einsum(equation, *(operands[0] if isinstance(operands[0], list | tuple) else operands))


def dot(x: jt.Var, tensor: jt.Var) -> jt.Var:
    """Of two vectors."""
    return (x * tensor).sum()


def mv(x: jt.Var, vec: jt.Var) -> jt.Var:
    """(n, m), (m,) -> (n,)."""
    return (x * vec).sum(1)


def _sum(x: jt.Var, product: jt.Var, beta: float, alpha: float) -> jt.Var:
    return x * scalar(beta, x) + product * scalar(alpha, x)


def addmm(x: jt.Var, mat1: jt.Var, mat2: jt.Var, *, beta: float = 1, alpha: float = 1) -> jt.Var:
    """beta * x + alpha * mat1 @ mat2."""
    return _sum(x, jt.matmul(mat1, mat2), beta, alpha)


def addmv(x: jt.Var, mat: jt.Var, vec: jt.Var, *, beta: float = 1, alpha: float = 1) -> jt.Var:
    """beta * x + alpha * mat @ vec."""
    return _sum(x, mv(mat, vec), beta, alpha)


def addr(x: jt.Var, vec1: jt.Var, vec2: jt.Var, *, beta: float = 1, alpha: float = 1) -> jt.Var:
    """beta * x + alpha * outer product."""
    return _sum(x, vec1.unsqueeze(1) * vec2, beta, alpha)


def baddbmm(x: jt.Var, batch1: jt.Var, batch2: jt.Var, *, beta: float = 1, alpha: float = 1) -> jt.Var:
    """beta * x + alpha * batch1 @ batch2."""
    return _sum(x, jt.matmul(batch1, batch2), beta, alpha)


def addbmm(x: jt.Var, batch1: jt.Var, batch2: jt.Var, *, beta: float = 1, alpha: float = 1) -> jt.Var:
    """beta * x + alpha * the sum of batch1 @ batch2 over the batch."""
    return _sum(x, jt.matmul(batch1, batch2).sum(0), beta, alpha)


def tensordot(x: jt.Var, other: jt.Var, dims: Any = 2) -> jt.Var:
    """Sum over the last `dims` dimensions of x and the first of `other`, or over two lists of dimensions."""
    if isinstance(dims, int):
        dims = (range(x.ndim - dims, x.ndim), range(dims))
    first, second = ([dim % tensor.ndim for dim in own] for own, tensor in zip(dims, (x, other), strict=True))
    kept = [dim for dim in range(x.ndim) if dim not in first]
    left = [dim for dim in range(other.ndim) if dim not in second]
    shape = tuple(x.shape[dim] for dim in kept) + tuple(other.shape[dim] for dim in left)
    inner = int(np.prod([x.shape[dim] for dim in first]))
    rows = x.permute((*kept, *first)).reshape((-1, inner))
    columns = other.permute((*second, *left)).reshape((inner, -1))
    return jt.matmul(rows, columns).reshape(shape or (1,))


def kron(x: jt.Var, other: jt.Var) -> jt.Var:
    """Kronecker product of two matrices."""
    (rows, columns), (height, width) = x.shape, other.shape
    product = x.reshape((rows, 1, columns, 1)) * other.reshape((1, height, 1, width))
    return product.reshape((rows * height, columns * width))


def cross(x: jt.Var, other: jt.Var, dim: int | None = None) -> jt.Var:
    """Cross product along `dim`, the first of size 3 if it is not given; Jittor's own takes the last."""
    return jt.cross(x, other, list(x.shape).index(3) if dim is None else dim)


def diagonal(x: jt.Var, offset: int = 0, dim1: int = 0, dim2: int = 1) -> jt.Var:
    """The diagonal of two dimensions as the last one."""
    return jt.diagonal(x, offset, dim1, dim2)


def diag(x: jt.Var, diagonal: int = 0) -> jt.Var:
    """The diagonal of a matrix, square or not; a matrix with this diagonal of a vector."""
    return jt.diag(x, diagonal) if x.ndim == 1 else jt.diagonal(x, diagonal, 0, 1)


def diag_embed(x: jt.Var) -> jt.Var:
    """The last dimension becomes the diagonal of a matrix."""
    size = x.shape[-1]
    unit = jt.array(np.eye(size, dtype=bool)).broadcast((*x.shape, size))
    return jt.ternary(unit, x.unsqueeze(-1).broadcast(unit.shape), jt.zeros(unit.shape, x.dtype))


def solve(A: jt.Var, B: jt.Var) -> jt.Var:
    """(n, n), (n,) or (n, k) -> what A has to be multiplied by to give B; through the inverse of A."""
    inverse = jt.linalg.inv(A)
    return mv(inverse, B) if B.ndim == 1 else jt.matmul(inverse, B)


def trace(x: jt.Var) -> jt.Var:
    """Sum of the diagonal."""
    return jt.diagonal(x, 0, 0, 1).sum()


def cdist(x1: jt.Var, x2: jt.Var, p: float = 2.0) -> jt.Var:
    """(..., n, d), (..., m, d) -> (..., n, m): distances of all pairs in the p-norm."""
    return norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1)


def vector_norm(x: jt.Var, ord: float = 2, dim: Any = None, keepdim: bool = False) -> jt.Var:
    """`torch.linalg.vector_norm`."""
    return norm(x, ord, dim, keepdim)
