"""Batch normalisation step by step as PyTorch computes it on a CPU (aten/src/ATen/native/cpu/batch_norm_kernel.cpp).

Sums are taken in float64 and rounded; the rest is float32 where x is. Rounding at the same places gives the same bits,
so that two networks do not drift apart by it.
"""

from collections.abc import Callable, Sequence

import jittor as jt

from jtmigrate.parity.functional import numerics as F

Sums = Callable[..., Sequence[jt.Var]]


def by_running_statistics(x: jt.Var, mean: jt.Var, var: jt.Var, weight: jt.Var, bias: jt.Var, eps: float) -> jt.Var:
    """Evaluation mode: (N, C, H, W) and four times (C,) -> (N, C, H, W)."""
    biased = _round(var.float64() + F.scalar(eps, var.float64()), x)
    inverse_std = _round(1 / _round(jt.sqrt(biased), x), x)
    return _scale_and_shift(x, mean, inverse_std, weight, bias)


class BatchNorm(jt.Function):
    """Training mode: x (N, C, H, W), weight (C,), bias (C,) -> (N, C, H, W).

    After the call, `mean` and `var` (C,) are the batch's, var biased.
    """

    def __init__(self, eps: float, *, sums: Sums = lambda *own: own, shares: int = 1):
        """sums: makes of float64 sums (C,) over x those over the whole batch, of which x is one of `shares` parts.

        The gradients by weight and bias are then those of x alone, the one by x that of the whole batch.
        """
        super().__init__()
        self.eps, self.sums, self.shares = eps, sums, shares

    def execute(self, x: jt.Var, weight: jt.Var, bias: jt.Var) -> jt.Var:
        count = self.count(x)
        (total,) = self.sums(_total(x))
        self.mean = (total / count).cast(x.dtype)
        self.deviation = x - F.spread(F.per_channel(self.mean), x)
        # PyTorch rounds the sum of squares before it divides.
        (total,) = self.sums(_total(self.deviation * self.deviation))
        self.var = (_round(total, x) / count).cast(x.dtype)
        inverse_std = _round(1 / jt.sqrt(self.var.float64() + F.scalar(self.eps, self.var.float64())), x)
        self.inverse_std, self.weight = inverse_std, weight
        return _scale_and_shift(x, self.mean, inverse_std, weight, bias)

    def grad(self, gradient: jt.Var) -> tuple[jt.Var, jt.Var, jt.Var]:
        count = self.count(gradient)
        own_total, own_along = _total(gradient), _total(gradient * self.deviation)
        total, along = self.sums(own_total, own_along)
        slope = along * self.inverse_std * self.inverse_std / count
        average, slope, scale = (
            F.spread(F.per_channel(values.cast(gradient.dtype)), gradient)
            for values in (total / count, slope, self.inverse_std * self.weight.float64())
        )
        by_x = (gradient - average - self.deviation * slope) * scale
        return by_x, (own_along * self.inverse_std).cast(gradient.dtype), own_total.cast(gradient.dtype)

    def count(self, x: jt.Var) -> int:
        """Values a channel in the whole batch."""
        return self.shares * x.numel() // x.shape[1]


def by_batch(
    x: jt.Var,
    normalise: BatchNorm,
    running: tuple[jt.Var, jt.Var] | None,
    weight: jt.Var,
    bias: jt.Var,
    momentum: float,
) -> jt.Var:
    """Training mode: (N, C, H, W) and (C,) each -> (N, C, H, W); moves the running mean and variance, if there are any.

    Raises ValueError for a single value a channel.
    """
    count = normalise.count(x)
    if count == 1:
        raise ValueError("BatchNorm in training needs more than 1 value per channel, got 1")
    result = normalise(x, weight, bias)
    if running is not None:
        move(running[0], normalise.mean, momentum)
        move(running[1], normalise.var * F.scalar(count / (count - 1), x), momentum)
    return result


def move(running: jt.Var, batch: jt.Var, momentum: float) -> None:
    """Move a running average towards a new value, in place."""
    running.update(running * F.scalar(1 - momentum, batch) + batch * F.scalar(momentum, batch))


def _scale_and_shift(x: jt.Var, mean: jt.Var, inverse_std: jt.Var, weight: jt.Var, bias: jt.Var) -> jt.Var:
    scale = _round(inverse_std * weight.float64(), x)
    shift = _round(bias.float64() - mean.float64() * scale, x)
    scale, shift = (F.spread(F.per_channel(values.cast(x.dtype)), x) for values in (scale, shift))
    return x * scale + shift


def _total(x: jt.Var) -> jt.Var:
    """(N, C, H, W) -> float64 (C,). For the order of the sums see `functional.mean`."""
    return x.float64().sum(2).sum(2).sum(0)


def _round(values: jt.Var, x: jt.Var) -> jt.Var:
    """To the precision of x and back to float64."""
    return values.cast(x.dtype).float64()
