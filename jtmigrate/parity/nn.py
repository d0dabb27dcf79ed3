"""`torch.nn` in Jittor. Differences from `jittor.nn` stand in each class."""

import jittor as jt
from jittor import nn as stock

from jtmigrate.parity import convolution, normalization
from jtmigrate.parity import functional as F

Identity = stock.Identity
Sequential = stock.Sequential
ModuleList = stock.ModuleList


class Module(stock.Module):
    """A module that tells buffers from parameters.

    Stock Jittor counts every Var attribute as a parameter: optimizers then decay, and `train()` unfreezes, what PyTorch
    keeps in buffers. `parameters()` here leaves out what was registered; `state_dict()` still holds everything.
    """

    def register_buffer(self, name: str, value: jt.Var) -> None:
        """Keep `value` as attribute `name`: saved and loaded, never trained."""
        self.__dict__.setdefault("_buffer_names", set()).add(name)
        setattr(self, name, value.stop_grad())

    def buffers(self) -> list[jt.Var]:
        """Buffers of this module and all below it."""
        owners = [module for module in self.modules() if isinstance(module, Module)]
        return [getattr(owner, name) for owner in owners for name in sorted(owner.__dict__.get("_buffer_names", ()))]

    def parameters(self, recurse: bool = True) -> list[jt.Var]:
        """Trainable Vars only."""
        buffers = {id(buffer) for buffer in self.buffers()}
        return [var for var in super().parameters(recurse) if id(var) not in buffers]

    def named_parameters(self, recurse: bool = True) -> list[tuple[str, jt.Var]]:
        """Trainable Vars only, with their names in the state dict."""
        buffers = {id(buffer) for buffer in self.buffers()}
        return [(name, var) for name, var in super().named_parameters(recurse) if id(var) not in buffers]

    def float64(self) -> "Module":
        """Parameters and buffers to float64."""
        for buffer in self.buffers():
            buffer.assign(buffer.float64())
        return super().float64()

    def float32(self) -> "Module":
        """Parameters and buffers to float32."""
        for buffer in self.buffers():
            buffer.assign(buffer.float32())
        return super().float32()


class Conv2d(stock.Conv2d):
    """Differs from stock Jittor on the CPU only: faster in float64, more accurate in float32."""

    def execute(self, x: jt.Var) -> jt.Var:
        if jt.flags.use_cuda:
            return super().execute(x)
        geometry = convolution.Geometry(self.stride, self.padding, self.dilation, self.groups)
        y = convolution.conv2d(x, self.weight, geometry)
        return y if self.bias is None else y + F.spread(F.per_channel(self.bias), y)


class BatchNorm2d(Module):
    """Normalises each channel of (N, C, H, W) over the batch, or by the running statistics in evaluation mode.

    Differs from stock Jittor: the running variance takes PyTorch's unbiased batch variance, the variance is computed
    in two passes, the running statistics are buffers, one value a channel raises in training. Every step is rounded
    where PyTorch rounds it: the result has the same bits on a processor with fused multiply-add.
    """

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.weight = jt.ones((num_features,))
        self.bias = jt.zeros((num_features,))
        self.register_buffer("running_mean", jt.zeros((num_features,)))
        self.register_buffer("running_var", jt.ones((num_features,)))

    def execute(self, x: jt.Var) -> jt.Var:
        if not self.is_training():
            return normalization.by_running_statistics(
                x, self.running_mean, self.running_var, self.weight, self.bias, self.eps
            )
        return self.by_batch(x, normalization.BatchNorm(self.eps))

    def by_batch(self, x: jt.Var, batch_norm: normalization.BatchNorm) -> jt.Var:
        """Training mode: normalise x and take its statistics in."""
        count = batch_norm.count(x)
        if count == 1:
            raise ValueError("BatchNorm2d in training needs more than 1 value per channel, got 1")
        result = batch_norm(x, self.weight, self.bias)
        keep, take = F.scalar(1 - self.momentum, x), F.scalar(self.momentum, x)
        unbiased = batch_norm.var * F.scalar(count / (count - 1), x)
        for running, batch in ((self.running_mean, batch_norm.mean), (self.running_var, unbiased)):
            running.update(running * keep + batch * take)
        return result


class GroupNorm(Module):
    """Normalises (N, C, H, W) over each group of channels. Differs from stock Jittor: two-pass variance."""

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5):
        super().__init__()
        self.num_groups = num_groups
        self.eps = eps
        self.weight = jt.ones((num_channels,))
        self.bias = jt.zeros((num_channels,))

    def execute(self, x: jt.Var) -> jt.Var:
        n, c, h, w = x.shape
        grouped = x.reshape((n, self.num_groups, c // self.num_groups, h, w))
        _, deviation, var = F.moments(grouped, (3, 4, 2))
        normal = deviation * F.spread(F.inverse_std(var, self.eps).cast(x.dtype), grouped)
        weight, bias = (F.spread(F.per_channel(values), x) for values in (self.weight, self.bias))
        return normal.reshape(x.shape) * weight + bias


class LeakyReLU(Module):
    """Differs from stock Jittor: keyword argument, and a slope that is exact in float64."""

    def __init__(self, negative_slope: float = 0.01):
        super().__init__()
        self.negative_slope = negative_slope

    def execute(self, x: jt.Var) -> jt.Var:
        return F.leaky_relu(x, self.negative_slope)


class MaxPool2d(stock.Pool):
    """Pads with -inf, as PyTorch; stock `nn.Pool(op="max")` pads with 0 (D0 in the atlas of differences)."""

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0):
        super().__init__(kernel_size, stride, padding, op="maximum")


class Upsample(Module):
    """Bilinear enlargement by a whole factor with align_corners=False. Other modes are refused."""

    def __init__(self, scale_factor: int, mode: str = "nearest"):
        super().__init__()
        if mode != "bilinear":
            raise NotImplementedError(f"Upsample(mode={mode!r}): only 'bilinear' is here")
        self.scale_factor = scale_factor

    def execute(self, x: jt.Var) -> jt.Var:
        size = (x.shape[2] * self.scale_factor, x.shape[3] * self.scale_factor)
        return stock.interpolate(x, size=size, mode="bilinear", align_corners=False)
