"""Losses. `reduction` is "mean", "sum" or "none"; sums are taken in float64."""

import math
from collections.abc import Callable

import jittor as jt

from jtmigrate.parity.functional.activation import log_softmax, logsigmoid, softplus
from jtmigrate.parity.functional.numerics import array, is_label, magnitude, scalar
from jtmigrate.parity.functional.vectors import pairwise_distance

import numpy as np  # isort: skip


def reduced(loss: jt.Var, reduction: str) -> jt.Var:
    """Raises ValueError for an unknown reduction."""
    if reduction == "none":
        return loss
    if reduction not in ("mean", "sum"):
        raise ValueError(f"{reduction!r} is not a valid value for reduction")
    total = loss.float64().sum()
    return (total / loss.numel() if reduction == "mean" else total).cast(loss.dtype)


def l1_loss(input: jt.Var, target: jt.Var, reduction: str = "mean") -> jt.Var:
    """|x - t|."""
    return reduced(magnitude(input - target), reduction)


def mse_loss(input: jt.Var, target: jt.Var, reduction: str = "mean") -> jt.Var:
    """(x - t) ** 2."""
    difference = input - target
    return reduced(difference * difference, reduction)


def smooth_l1_loss(input: jt.Var, target: jt.Var, reduction: str = "mean", beta: float = 1.0) -> jt.Var:
    """|x - t|, rounded off below beta."""
    if beta == 0:
        return l1_loss(input, target, reduction)
    distance, limit = magnitude(input - target), scalar(beta, input)
    return reduced(
        jt.ternary(distance < limit, distance * distance * scalar(0.5 / beta, input), distance - limit * 0.5), reduction
    )


def huber_loss(input: jt.Var, target: jt.Var, reduction: str = "mean", delta: float = 1.0) -> jt.Var:
    """delta times smooth_l1_loss."""
    distance, limit = magnitude(input - target), scalar(delta, input)
    return reduced(
        jt.ternary(distance <= limit, distance * distance * 0.5, (distance - limit * 0.5) * limit), reduction
    )


def binary_cross_entropy(
    input: jt.Var, target: jt.Var, weight: jt.Var | None = None, reduction: str = "mean"
) -> jt.Var:
    """Of probabilities; logarithms are at least -100."""
    loss = -(target * _log(input) + (1 - target) * _log(1 - input))
    return reduced(loss if weight is None else loss * weight, reduction)


def binary_cross_entropy_with_logits(
    input: jt.Var,
    target: jt.Var,
    weight: jt.Var | None = None,
    reduction: str = "mean",
    pos_weight: jt.Var | None = None,
) -> jt.Var:
    """Of logits; pos_weight is what a positive target counts."""
    if pos_weight is None:
        loss = softplus(input) - input * target
    else:
        loss = (1 - target) * input - ((pos_weight - 1) * target + 1) * logsigmoid(input)
    return reduced(loss if weight is None else loss * weight, reduction)


def cross_entropy(
    input: jt.Var,
    target: jt.Var,
    weight: jt.Var | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> jt.Var:
    """(C,) or (N, C, ...) logits; targets are labels () or (N, ...), or probabilities of the logits' shape."""
    log_probability = log_softmax(input, min(1, input.ndim - 1))
    if target.dtype.is_float():
        return _of_probabilities(log_probability, target, weight, reduction, label_smoothing)
    if label_smoothing == 0:
        return nll_loss(log_probability, target, weight, ignore_index, reduction)
    log_probability, chosen, counts = _chosen(log_probability, target, weight, ignore_index)
    classes = log_probability.shape[-1]
    weighted = log_probability if weight is None else log_probability * weight
    kept = (target.reshape(-1) != ignore_index).cast(input.dtype)
    smooth = -weighted.sum(-1) * kept
    losses = -chosen * counts * scalar(1 - label_smoothing, input) + smooth * scalar(label_smoothing / classes, input)
    return _weighted_mean(losses, counts, reduction, tuple(target.shape))


def nll_loss(
    input: jt.Var,
    target: jt.Var,
    weight: jt.Var | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> jt.Var:
    """Minus the log-probability of the label; input as in cross_entropy. Labels outside the classes count nothing."""
    _, chosen, counts = _chosen(input, target, weight, ignore_index)
    return _weighted_mean(-chosen * counts, counts, reduction, tuple(target.shape))


def _chosen(
    log_probability: jt.Var, target: jt.Var, weight: jt.Var | None, ignore_index: int
) -> tuple[jt.Var, jt.Var, jt.Var]:
    """(N, C, ...) and (N, ...) -> (M, C), the labels' values (M,), and what each counts (M,)."""
    classes = log_probability.shape[min(1, log_probability.ndim - 1)]
    if log_probability.ndim > 2:
        order = (0, *range(2, log_probability.ndim), 1)
        log_probability = log_probability.permute(*order)
    rows, labels = log_probability.reshape((-1, classes)), target.reshape(-1)
    counted = is_label(labels, classes) & (labels != ignore_index).unsqueeze(-1).broadcast((labels.shape[0], classes))
    chosen = jt.ternary(counted, rows, rows * 0).sum(-1)
    per_label = counted.cast(rows.dtype)
    return rows, chosen, (per_label if weight is None else per_label * weight).sum(-1)


def _weighted_mean(losses: jt.Var, counts: jt.Var, reduction: str, shape: tuple[int, ...]) -> jt.Var:
    if reduction == "mean":
        return reduced(losses, "sum") / reduced(counts, "sum")
    return reduced(losses.reshape(shape), reduction)


def _of_probabilities(
    log_probability: jt.Var, target: jt.Var, weight: jt.Var | None, reduction: str, label_smoothing: float
) -> jt.Var:
    dim = min(1, log_probability.ndim - 1)
    if label_smoothing:
        spread_out = scalar(label_smoothing / log_probability.shape[dim], log_probability)
        target = target * scalar(1 - label_smoothing, log_probability) + spread_out
    terms = -log_probability * target
    if weight is not None:
        terms = terms * weight.reshape([-1 if d == dim else 1 for d in range(terms.ndim)]).broadcast(terms.shape)
    losses = terms.sum(dim)
    if reduction != "mean":
        return reduced(losses, reduction)
    return reduced(losses, "sum") / (log_probability.numel() // log_probability.shape[dim])


def kl_div(input: jt.Var, target: jt.Var, reduction: str = "mean", log_target: bool = False) -> jt.Var:
    """target * (log(target) - input); "batchmean" divides the sum by the first dimension."""
    if log_target:
        loss = jt.exp(target) * (target - input)
    else:
        positive = target > 0
        safe = jt.ternary(positive, target, target * 0 + 1)
        loss = jt.ternary(positive, target * jt.log(safe), target * 0) - target * input
    if reduction == "batchmean":
        return reduced(loss, "sum") / input.shape[0]
    return reduced(loss, reduction)


def poisson_nll_loss(
    input: jt.Var,
    target: jt.Var,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> jt.Var:
    """Of counts, given their logarithmic or plain expectation."""
    loss = jt.exp(input) - target * input if log_input else input - target * jt.log(input + scalar(eps, input))
    if full:
        more = target > 1
        safe = jt.ternary(more, target, target * 0 + 2)
        stirling = safe * jt.log(safe) - safe + jt.log(safe * scalar(2 * math.pi, input)) * 0.5
        loss = loss + jt.ternary(more, stirling, stirling * 0)
    return reduced(loss, reduction)


def gaussian_nll_loss(
    input: jt.Var,
    target: jt.Var,
    var: jt.Var | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> jt.Var:
    """Of normally distributed targets; the variance, of x's shape or without its last dimension, is `eps` at least."""
    variance = array(np.full((1,), var), input) if isinstance(var, int | float) else var
    if variance.ndim == input.ndim - 1:
        variance = variance.unsqueeze(-1)
    least = scalar(eps, input)
    limited = jt.ternary(variance > least, variance, variance * 0 + least)
    variance = (variance + (limited - variance).stop_grad()).broadcast(input.shape)
    difference = input - target
    loss = (jt.log(variance) + difference * difference / variance) * 0.5
    return reduced(loss + scalar(0.5 * math.log(2 * math.pi), input) if full else loss, reduction)


def hinge_embedding_loss(input: jt.Var, target: jt.Var, margin: float = 1.0, reduction: str = "mean") -> jt.Var:
    """x where the target is 1, max(0, margin - x) where it is -1."""
    zero = input * 0
    close = jt.ternary(target == 1, input, zero)
    far = jt.ternary(target == -1, _positive(scalar(margin, input) - input), zero)
    return reduced(close + far, reduction)


def margin_ranking_loss(
    input1: jt.Var, input2: jt.Var, target: jt.Var, margin: float = 0.0, reduction: str = "mean"
) -> jt.Var:
    """max(0, -t * (x1 - x2) + margin)."""
    return reduced(_positive(-target * (input1 - input2) + scalar(margin, input1)), reduction)


def cosine_embedding_loss(
    input1: jt.Var, input2: jt.Var, target: jt.Var, margin: float = 0.0, reduction: str = "mean"
) -> jt.Var:
    """1 - cosine where the target is 1, max(0, cosine - margin) where it is -1."""
    first, second = ((values * values).sum(-1) + scalar(1e-12, values) for values in (input1, input2))
    cosine = (input1 * input2).sum(-1) / (first * second).sqrt()
    zero = cosine * 0
    close = jt.ternary(target == 1, 1 - cosine, zero)
    far = jt.ternary(target == -1, _positive(cosine - scalar(margin, cosine)), zero)
    return reduced(close + far, reduction)


def triplet_margin_loss(
    anchor: jt.Var,
    positive: jt.Var,
    negative: jt.Var,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> jt.Var:
    """How much further away by `margin` the negative should be."""
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction=reduction,
    )


def triplet_margin_with_distance_loss(
    anchor: jt.Var,
    positive: jt.Var,
    negative: jt.Var,
    *,
    distance_function: Callable[[jt.Var, jt.Var], jt.Var] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> jt.Var:
    """triplet_margin_loss with another distance."""
    distance = distance_function or pairwise_distance
    close, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        other = distance(positive, negative)
        far = jt.ternary(other < far, other, far)
    return reduced(_positive(close - far + scalar(margin, anchor)), reduction)


def soft_margin_loss(input: jt.Var, target: jt.Var, reduction: str = "mean") -> jt.Var:
    """log(1 + exp(-t * x))."""
    return reduced(softplus(-target * input), reduction)


def multilabel_soft_margin_loss(
    input: jt.Var, target: jt.Var, weight: jt.Var | None = None, reduction: str = "mean"
) -> jt.Var:
    """The mean over classes of binary cross entropies with logits."""
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    loss = loss if weight is None else loss * weight
    return reduced(loss.sum(-1) / input.shape[-1], reduction)


def multi_margin_loss(
    input: jt.Var,
    target: jt.Var,
    p: int = 1,
    margin: float = 1.0,
    weight: jt.Var | None = None,
    reduction: str = "mean",
) -> jt.Var:
    """(N, C) scores, (N,) labels: how much further below the label's score the others should be."""
    classes = input.shape[-1]
    own = is_label(target, classes)
    score = jt.ternary(own, input, input * 0).sum(-1, keepdims=True)
    excess = _positive(scalar(margin, input) - score + input)
    terms = excess if p == 1 else excess * excess
    if weight is not None:
        terms = terms * weight[target].unsqueeze(-1)
    return reduced(jt.ternary(own, terms * 0, terms).sum(-1) / classes, reduction)


def _positive(x: jt.Var) -> jt.Var:
    """max(0, x), with the gradient of PyTorch's clamp: 1 at 0."""
    return jt.ternary(x >= 0, x, x * 0)


def _log(probability: jt.Var) -> jt.Var:
    """The logarithm, at least -100; the gradient is that of 1e-12 at least, as in PyTorch."""
    least = scalar(math.exp(-100), probability) if str(probability.dtype) == "float64" else 1e-37
    logarithm = jt.log(jt.ternary(probability > least, probability, probability * 0 + least))
    return jt.ternary(probability > 0, logarithm, logarithm * 0 - 100)
