"""Attention."""

import math

import jittor as jt

from jtmigrate.parity.functional.activation import softmax
from jtmigrate.parity.functional.dropping import dropout
from jtmigrate.parity.functional.numerics import constant, scalar

import numpy as np  # isort: skip

HIDDEN = -1e30
"""Stands for -inf, whose softmax is NaN in Jittor's kernels; its exponential is 0 all the same."""


def scaled_dot_product_attention(
    query: jt.Var,
    key: jt.Var,
    value: jt.Var,
    attn_mask: jt.Var | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> jt.Var:
    """(..., L, E), (..., S, E), (..., S, V) -> (..., L, V). A boolean mask is True where attention is allowed.

    Raises NotImplementedError for enable_gqa.
    """
    if enable_gqa:
        raise NotImplementedError("scaled_dot_product_attention: repeat key and value instead of enable_gqa")
    mask = None if attn_mask is None else additive(attn_mask, query, hidden_where=False)
    return attend(query, key, value, causal(query, key) if is_causal else mask, dropout_p, scale)[0]


def attend(
    query: jt.Var,
    key: jt.Var,
    value: jt.Var,
    mask: jt.Var | None,
    dropout_p: float,
    scale: float | None = None,
) -> tuple[jt.Var, jt.Var]:
    """The result and its weights (..., L, S); the mask is added to the logits."""
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    logits = jt.matmul(query * scalar(scale, query), key.transpose(*range(key.ndim - 2), key.ndim - 1, key.ndim - 2))
    weights = softmax(logits if mask is None else logits + mask, -1)
    weights = dropout(weights, dropout_p)
    return jt.matmul(weights, value), weights


def causal(query: jt.Var, key: jt.Var) -> jt.Var:
    """The additive mask (L, S) that hides what comes later."""
    later = np.triu(np.ones((query.shape[-2], key.shape[-2]), bool), 1)
    return additive(constant(later), query, hidden_where=True)


def additive(mask: jt.Var, like: jt.Var, *, hidden_where: bool) -> jt.Var:
    """A boolean mask as one to add: hidden where it is `hidden_where`. One of numbers stays, but for its infinities."""
    if str(mask.dtype) == "bool":
        shown = mask.cast(like.dtype)
        return (shown if hidden_where else 1 - shown) * HIDDEN
    return mask.cast(like.dtype).maximum(HIDDEN)
