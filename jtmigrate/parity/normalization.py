"""Batch normalisation step by step as PyTorch computes it on a CPU (aten/src/ATen/native/cpu/batch_norm_kernel.cpp).

Sums are taken in float64 and rounded; the rest is float32 where x is. Rounding at the same places gives the same bits,
so that two networks do not drift apart by it.
"""

import jittor as jt

from jtmigrate.parity.functional import numerics as F


def by_running_statistics(x: jt.Var, mean: jt.Var, var: jt.Var, weight: jt.Var, bias: jt.Var, eps: float) -> jt.Var:
    """Evaluation mode: (N, C, H, W) and four times (C,) -> (N, C, H, W)."""
    biased = _round(var.float64() + F.scalar(eps, var.float64()), x)
    inverse_std = _round(1 / _round(jt.sqrt(biased), x), x)
    return _scale_and_shift(x, mean, inverse_std, weight, bias)


class BatchNorm(jt.Function):
    """Training mode: x (N, C, H, W), weight (C,), bias (C,) -> (N, C, H, W).

    After the call, `mean` and `var` (C,) are the batch's, var biased.
    """

    def __init__(self, eps: float):
        super().__init__()
        self.eps = eps

    def execute(self, x: jt.Var, weight: jt.Var, bias: jt.Var) -> jt.Var:
        count = x.numel() // x.shape[1]
        self.mean = (_total(x) / count).cast(x.dtype)
        self.deviation = x - F.spread(F.per_channel(self.mean), x)
        # PyTorch rounds the sum of squares before it divides.
        self.var = (_round(_total(self.deviation * self.deviation), x) / count).cast(x.dtype)
        inverse_std = _round(1 / jt.sqrt(self.var.float64() + F.scalar(self.eps, self.var.float64())), x)
        self.inverse_std, self.weight = inverse_std, weight
        return _scale_and_shift(x, self.mean, inverse_std, weight, bias)

    def grad(self, gradient: jt.Var) -> tuple[jt.Var, jt.Var, jt.Var]:
        count = gradient.numel() // gradient.shape[1]
        total = _total(gradient)
        along = _total(gradient * self.deviation)
        slope = along * self.inverse_std * self.inverse_std / count
        average, slope, scale = (
            F.spread(F.per_channel(values.cast(gradient.dtype)), gradient)
            for values in (total / count, slope, self.inverse_std * self.weight.float64())
        )
        by_x = (gradient - average - self.deviation * slope) * scale
        return by_x, (along * self.inverse_std).cast(gradient.dtype), total.cast(gradient.dtype)


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
