"""Matrices, look-up tables, and what changes shapes only."""

import math
from collections.abc import Sequence

import jittor as jt
from jittor import nn as stock

from jtmigrate.parity import functional as F
from jtmigrate.parity.nn.convolution import uniform
from jtmigrate.parity.nn.module import Module

Identity = stock.Identity


class Linear(Module):
    """(..., in_features) -> (..., out_features)."""

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: object = None, dtype: str | None = None
    ):
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in_features) if in_features else 0.0
        self.weight = uniform((out_features, in_features), bound)
        self.bias = uniform((out_features,), bound) if bias else None
        if dtype is not None:
            self.to(dtype)

    def execute(self, input: jt.Var) -> jt.Var:
        return F.linear(input, self.weight, self.bias)


class Bilinear(Module):
    """(..., in1_features), (..., in2_features) -> (..., out_features)."""

    def __init__(self, in1_features: int, in2_features: int, out_features: int, bias: bool = True):
        super().__init__()
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in1_features)
        self.weight = uniform((out_features, in1_features, in2_features), bound)
        self.bias = uniform((out_features,), bound) if bias else None

    def execute(self, input1: jt.Var, input2: jt.Var) -> jt.Var:
        return F.bilinear(input1, input2, self.weight, self.bias)


class Embedding(Module):
    """(...) integers -> (..., embedding_dim). An index outside the table reads foreign memory, as in stock Jittor."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ):
        super().__init__()
        if max_norm is not None or scale_grad_by_freq:
            raise NotImplementedError("Embedding: max_norm and scale_grad_by_freq are not here")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx if padding_idx is None else padding_idx % num_embeddings
        self.weight = _table(num_embeddings, embedding_dim, self.padding_idx)

    @classmethod
    def from_pretrained(cls, embeddings: jt.Var, freeze: bool = True, padding_idx: int | None = None) -> "Embedding":
        """With these rows."""
        made = cls(*embeddings.shape, padding_idx=padding_idx)
        made.weight.update(embeddings)
        return made.requires_grad_(not freeze)

    def execute(self, input: jt.Var) -> jt.Var:
        return F.embedding(input, self.weight, self.padding_idx)


class EmbeddingBag(Module):
    """(B, L) integers -> (B, embedding_dim): bags of equal length. Offsets are not here."""

    def __init__(self, num_embeddings: int, embedding_dim: int, *, mode: str = "mean", padding_idx: int | None = None):
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.mode = mode
        self.padding_idx = padding_idx
        self.weight = _table(num_embeddings, embedding_dim, padding_idx)

    def execute(self, input: jt.Var, *, per_sample_weights: jt.Var | None = None) -> jt.Var:
        return F.embedding_bag(
            input, self.weight, mode=self.mode, per_sample_weights=per_sample_weights, padding_idx=self.padding_idx
        )


class Flatten(Module):
    """Dimensions start_dim to end_dim become one."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def execute(self, input: jt.Var) -> jt.Var:
        return input.flatten(self.start_dim, self.end_dim)


class Unflatten(Module):
    """One dimension becomes several."""

    def __init__(self, dim: int, unflattened_size: Sequence[int]):
        super().__init__()
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def execute(self, input: jt.Var) -> jt.Var:
        dim = self.dim % input.ndim
        return input.reshape((*input.shape[:dim], *self.unflattened_size, *input.shape[dim + 1 :]))


def _table(rows: int, columns: int, padding_idx: int | None) -> jt.Var:
    table = jt.init.gauss((rows, columns), "float32")
    if padding_idx is not None:
        table[padding_idx] = 0
    return table
