"""Matrices, look-up tables and distances between vectors."""

from collections.abc import Sequence

import jittor as jt

from jtmigrate.parity.functional.numerics import constant, is_label, magnitude, pow, scalar

import numpy as np  # isort: skip


def linear(input: jt.Var, weight: jt.Var, bias: jt.Var | None = None) -> jt.Var:
    """(..., I), (O, I), (O,) -> (..., O); without O where the weight is (I,)."""
    if weight.ndim == 1:
        return linear(input, weight.unsqueeze(0), bias).squeeze(-1)
    y = jt.nn.matmul_transpose(input.unsqueeze(0) if input.ndim == 1 else input, weight)
    y = y.squeeze(0) if input.ndim == 1 else y
    return y if bias is None else y + bias


def bilinear(input1: jt.Var, input2: jt.Var, weight: jt.Var, bias: jt.Var | None = None) -> jt.Var:
    """(..., I), (..., J), (O, I, J), (O,) -> (..., O)."""
    outputs, first, second = weight.shape
    left = linear(input1, weight.transpose(0, 2, 1).reshape((outputs * second, first)))
    left = left.reshape((*input1.shape[:-1], outputs, second))
    y = (left * input2.unsqueeze(-2)).sum(-1)
    return y if bias is None else y + bias


def embedding(
    input: jt.Var,
    weight: jt.Var,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> jt.Var:
    """Rows of the table: (...) -> (..., D). The row `padding_idx` gets no gradient.

    Raises NotImplementedError for max_norm and scale_grad_by_freq. An index outside the table reads foreign memory.
    """
    if max_norm is not None or scale_grad_by_freq:
        raise NotImplementedError("embedding: max_norm and scale_grad_by_freq are not here")
    rows = weight[input]
    if padding_idx is None:
        return rows
    padding = (input == padding_idx % weight.shape[0]).unsqueeze(-1).broadcast(rows.shape)
    return jt.ternary(padding, rows.detach(), rows)


def embedding_bag(
    input: jt.Var,
    weight: jt.Var,
    *,
    mode: str = "mean",
    per_sample_weights: jt.Var | None = None,
    padding_idx: int | None = None,
) -> jt.Var:
    """Bags of equal length: (B, L) -> (B, D), their rows' mean, sum or max, rows `padding_idx` left out."""
    rows = weight[input]
    kept = constant(np.ones((1, 1, 1), np.float32)) if padding_idx is None else (input != padding_idx).unsqueeze(-1)
    kept = kept.cast(rows.dtype).broadcast((*input.shape, 1))
    if mode == "max":
        return jt.ternary(kept.broadcast(rows.shape) > 0, rows, rows * 0 - 3e38).max(1)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.unsqueeze(-1)
    total = (rows * kept).sum(1)
    return total if mode == "sum" else total / kept.sum(1).maximum(1)


def one_hot(tensor: jt.Var, num_classes: int = -1) -> jt.Var:
    """(...) integers -> (..., num_classes) int32; without num_classes the largest label decides."""
    return is_label(tensor, int(tensor.max().item()) + 1 if num_classes < 0 else num_classes).int32()


def norm(x: jt.Var, p: float, dim: int | Sequence[int], keepdim: bool) -> jt.Var:
    """The p-norm along `dim`; its gradient where a vector is 0 is 0, as in PyTorch."""
    if p == 1:
        return magnitude(x).sum(dim, keepdims=keepdim)
    if p == float("inf"):
        return magnitude(x).max(dim, keepdims=keepdim)
    return root((x * x if p == 2 else pow(magnitude(x), p)).sum(dim, keepdims=keepdim), p)


def root(x: jt.Var, p: float) -> jt.Var:
    """x ** (1 / p) where x is positive; elsewhere 0, and its gradient too."""
    positive = x > 0
    safe = jt.ternary(positive, x, x * 0 + 1)
    safe = safe.sqrt() if p == 2 else safe ** scalar(1 / p, safe)
    return jt.ternary(positive, safe, safe * 0)


def normalize(input: jt.Var, p: float = 2.0, dim: int | Sequence[int] = 1, eps: float = 1e-12) -> jt.Var:
    """x divided by its p-norm along `dim`, which counts as `eps` at least."""
    length = norm(input, p, dim, True)
    least = scalar(eps, input)
    return input / jt.ternary(length > least, length, length * 0 + least).broadcast(input.shape)


def cosine_similarity(x1: jt.Var, x2: jt.Var, dim: int = 1, eps: float = 1e-8) -> jt.Var:
    """The cosine between vectors along `dim`; lengths count as `eps` at least."""
    x1, x2 = jt.broadcast(x1, jt.maximum(x1, x2).shape), jt.broadcast(x2, jt.maximum(x1, x2).shape)
    return (normalize(x1, dim=dim, eps=eps) * normalize(x2, dim=dim, eps=eps)).sum(dim)


def pairwise_distance(x1: jt.Var, x2: jt.Var, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> jt.Var:
    """The p-norm of x1 - x2 + eps along the last dimension."""
    return norm(x1 - x2 + scalar(eps, x1), p, -1, keepdim)
