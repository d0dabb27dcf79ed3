"""A transformer encoder of one block: embeddings, attention with several heads, a feed-forward part."""

import math

import jittor as jt
import torch
from torch import nn as tnn

from jtmigrate.parity import functional as F

WIDTH, HEADS, WORDS, LENGTH = 16, 4, 20, 6


class TorchAttention(tnn.Module):
    """Queries, keys and values from one matrix, as most published weights have them."""

    def __init__(self):
        super().__init__()
        self.qkv = tnn.Linear(WIDTH, 3 * WIDTH)
        self.softmax = tnn.Softmax(dim=-1)
        self.proj = tnn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        n, length, _ = x.shape
        q, k, v = self.qkv(x).reshape(n, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        weights = self.softmax(q @ k.transpose(-2, -1) * (WIDTH // HEADS) ** -0.5)
        return self.proj((weights @ v).transpose(1, 2).reshape(n, length, WIDTH))


class JittorAttention(jt.Module):
    def __init__(self):
        self.qkv = jt.nn.Linear(WIDTH, 3 * WIDTH)
        self.softmax = Softmax(dim=-1)
        self.proj = jt.nn.Linear(WIDTH, WIDTH)

    def execute(self, x):
        n, length, _ = x.shape
        qkv = self.qkv(x).reshape(n, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        weights = self.softmax(jt.matmul(q, k.transpose(-2, -1)) * F.scalar((WIDTH // HEADS) ** -0.5, q))
        return self.proj(jt.matmul(weights, v).transpose(1, 2).reshape(n, length, WIDTH))


class Softmax(jt.Module):
    def __init__(self, dim):
        self.dim = dim

    def execute(self, x):
        return F.softmax(x, dim=self.dim)


class Erf(jt.Function):
    """Stock Jittor's derivative has 2 / sqrt(pi) as a float32 number."""

    def execute(self, x):
        self.x = x
        return jt.erf(x)

    def grad(self, gradient):
        return gradient * F.scalar(2 * math.pi**-0.5, gradient) * jt.exp(-self.x * self.x)


class GELU(jt.Module):
    """Stock Jittor's takes 1 / sqrt(2) as a float32 number in float64 too: 1e-8 off."""

    def execute(self, x):
        return x * F.scalar(0.5, x) * (Erf()(x * F.scalar(0.5**0.5, x)) + 1)


class LayerNorm(jt.Module):
    """Stock Jittor's takes the variance as E[x^2] - E[x]^2 and its eps as a float32 number."""

    def __init__(self, width, eps=1e-5):
        self.eps = eps
        self.weight = jt.ones((width,))
        self.bias = jt.zeros((width,))

    def execute(self, x):
        _, deviation, var = F.moments(x, (x.ndim - 1,))
        return deviation * F.inverse_std(var, self.eps).cast(x.dtype) * self.weight + self.bias


class TorchTransformer(tnn.Module):
    def __init__(self):
        super().__init__()
        self.words = tnn.Embedding(WORDS, WIDTH)
        self.positions = tnn.Parameter(torch.zeros(LENGTH, WIDTH))
        self.drop = tnn.Dropout(0.1)
        self.norm1 = tnn.LayerNorm(WIDTH)
        self.attention = TorchAttention()
        self.norm2 = tnn.LayerNorm(WIDTH)
        self.expand = tnn.Linear(WIDTH, 2 * WIDTH)
        self.gelu = tnn.GELU()
        self.shrink = tnn.Linear(2 * WIDTH, WIDTH)
        self.next_word = tnn.Linear(WIDTH, WORDS, bias=False)

    def forward(self, tokens):
        x = self.drop(self.words(tokens) + self.positions)
        x = x + self.attention(self.norm1(x))
        x = x + self.shrink(self.gelu(self.expand(self.norm2(x))))
        return self.next_word(x)


class JittorTransformer(jt.Module):
    def __init__(self):
        self.words = jt.nn.Embedding(WORDS, WIDTH)
        self.positions = jt.zeros((LENGTH, WIDTH))
        self.drop = jt.nn.Dropout(0.1)
        self.norm1 = LayerNorm(WIDTH)
        self.attention = JittorAttention()
        self.norm2 = LayerNorm(WIDTH)
        self.expand = jt.nn.Linear(WIDTH, 2 * WIDTH)
        self.gelu = GELU()
        self.shrink = jt.nn.Linear(2 * WIDTH, WIDTH)
        self.next_word = jt.nn.Linear(WIDTH, WORDS, bias=False)

    def execute(self, tokens):
        x = self.drop(self.words(tokens) + self.positions)
        x = x + self.attention(self.norm1(x))
        x = x + self.shrink(self.gelu(self.expand(self.norm2(x))))
        return self.next_word(x)
