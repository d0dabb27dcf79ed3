"""Normalisations."""

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.parity.nn.module import Module


class _RunningNorm(Module):
    """What BatchNorm and InstanceNorm share: running statistics are buffers, weights are optional."""

    def __init__(self, num_features: int, eps: float, momentum: float | None, affine: bool, track_running_stats: bool):
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.weight = jt.ones((num_features,)) if affine else None
        self.bias = jt.zeros((num_features,)) if affine else None
        self.register_buffer("running_mean", jt.zeros((num_features,)) if track_running_stats else None)
        self.register_buffer("running_var", jt.ones((num_features,)) if track_running_stats else None)


class _BatchNorm(_RunningNorm):
    """Normalises each channel over the batch, or by the running statistics in evaluation mode.

    Differs from stock Jittor: the running variance takes PyTorch's unbiased batch variance, the variance is computed
    in two passes, the running statistics are buffers, one value a channel raises in training. Every step is rounded
    where PyTorch rounds it: the result has the same bits on a CPU with fused multiply-add.

    momentum=None averages over all batches since the module was made: their number is not saved.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: object = None,
        dtype: str | None = None,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats)
        self._batches = 0
        if dtype is not None:
            self.to(dtype)

    def execute(self, input: jt.Var) -> jt.Var:
        training = self.is_training()
        moving = training and self.running_mean is not None
        self._batches += moving
        return F.batch_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training or self.running_mean is None,
            1 / max(self._batches, 1) if self.momentum is None else self.momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """(N, C) or (N, C, L)."""


class BatchNorm2d(_BatchNorm):
    """(N, C, H, W)."""


class BatchNorm3d(_BatchNorm):
    """(N, C, D, H, W)."""


class _InstanceNorm(_RunningNorm):
    """Normalises each channel of each image. Stock Jittor's has weights by default, and a one-pass variance."""

    dims: int

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats)

    def execute(self, input: jt.Var) -> jt.Var:
        x = input if input.ndim == self.dims + 2 else input.unsqueeze(0)
        own = self.is_training() or self.running_mean is None
        mean, var = (self.running_mean, self.running_var) if self.is_training() or not own else (None, None)
        y = F.instance_norm(x, mean, var, self.weight, self.bias, own, self.momentum, self.eps)
        return y.reshape(input.shape)


class InstanceNorm1d(_InstanceNorm):
    """(N, C, L) or (C, L)."""

    dims = 1


class InstanceNorm2d(_InstanceNorm):
    """(N, C, H, W) or (C, H, W)."""

    dims = 2


class InstanceNorm3d(_InstanceNorm):
    """(N, C, D, H, W) or (C, D, H, W)."""

    dims = 3


class GroupNorm(Module):
    """Normalises (N, C, ...) over each group of channels. Differs from stock Jittor: two-pass variance."""

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True):
        super().__init__()
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self.weight = jt.ones((num_channels,)) if affine else None
        self.bias = jt.zeros((num_channels,)) if affine else None

    def execute(self, input: jt.Var) -> jt.Var:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)


class LayerNorm(Module):
    """Normalises the last dimensions. Differs from stock Jittor: two-pass variance."""

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ):
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = jt.ones(self.normalized_shape) if elementwise_affine else None
        self.bias = jt.zeros(self.normalized_shape) if elementwise_affine and bias else None

    def execute(self, input: jt.Var) -> jt.Var:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


class RMSNorm(Module):
    """Divides the last dimensions by their root mean square."""

    def __init__(
        self, normalized_shape: int | tuple[int, ...], eps: float | None = None, elementwise_affine: bool = True
    ):
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = jt.ones(self.normalized_shape) if elementwise_affine else None

    def execute(self, input: jt.Var) -> jt.Var:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)


class LocalResponseNorm(Module):
    """Divides by a power of the mean square over neighbouring channels."""

    def __init__(self, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0):
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def execute(self, input: jt.Var) -> jt.Var:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)


def _shape(normalized_shape: int | tuple[int, ...]) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
