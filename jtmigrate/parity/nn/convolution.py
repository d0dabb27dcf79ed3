"""Convolutions with PyTorch's arguments: padding="same", padding_mode, sizes in lists, images without a batch."""

import math
from collections.abc import Callable, Sequence
from typing import ClassVar

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.parity.functional.numerics import repeated
from jtmigrate.parity.nn.module import Module

Size = int | Sequence[int]


def uniform(shape: Sequence[int], bound: float) -> jt.Var:
    """Drawn evenly from [-bound, bound)."""
    return jt.init.uniform(tuple(shape), "float32", -bound, bound)


class _Conv(Module):
    dims: ClassVar[int]
    convolve: ClassVar[Callable[..., jt.Var]]
    transposed: ClassVar[bool] = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: object = None,
        dtype: str | None = None,
    ):
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{in_channels} and {out_channels} channels are not divisible into {groups} groups")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = repeated(kernel_size, self.dims)
        self.stride = repeated(stride, self.dims)
        self.padding = padding if isinstance(padding, str) else repeated(padding, self.dims)
        self.dilation = repeated(dilation, self.dims)
        self.groups = groups
        self.padding_mode = padding_mode
        channels = (in_channels, out_channels // groups) if self.transposed else (out_channels, in_channels // groups)
        bound = 1 / math.sqrt(channels[1] * math.prod(self.kernel_size))
        self.weight = uniform((*channels, *self.kernel_size), bound)
        self.bias = uniform((out_channels,), bound) if bias else None
        if dtype is not None:
            self.to(dtype)

    def execute(self, input: jt.Var) -> jt.Var:
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._padding_on_each_side(), mode=self.padding_mode)
            padding = 0
        return type(self).convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _padding_on_each_side(self) -> list[int]:
        if self.padding == "valid":
            return [0, 0] * self.dims
        if self.padding == "same":
            totals = [step * (taps - 1) for step, taps in zip(self.dilation, self.kernel_size, strict=True)]
            return [side for total in totals[::-1] for side in (total // 2, total - total // 2)]
        return [size for size in self.padding[::-1] for _ in range(2)]


class Conv1d(_Conv):
    """(N, C, L) or (C, L)."""

    dims = 1
    convolve = F.conv1d


class Conv2d(_Conv):
    """(N, C, H, W) or (C, H, W). On the CPU faster than stock Jittor in float64, more accurate in float32."""

    dims = 2
    convolve = F.conv2d


class Conv3d(_Conv):
    """(N, C, D, H, W) or (C, D, H, W)."""

    dims = 3
    convolve = F.conv3d


class _ConvTranspose(_Conv):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: object = None,
        dtype: str | None = None,
    ):
        if padding_mode != "zeros":
            raise ValueError(f"{type(self).__name__} pads with zeros only, not {padding_mode!r}")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        )
        self.output_padding = repeated(output_padding, self.dims)

    def execute(self, input: jt.Var, output_size: Sequence[int] | None = None) -> jt.Var:
        output_padding = self.output_padding if output_size is None else self._output_padding(input, output_size)
        return type(self).convolve(
            input, self.weight, self.bias, self.stride, self.padding, output_padding, self.groups, self.dilation
        )

    def _output_padding(self, input: jt.Var, output_size: Sequence[int]) -> tuple[int, ...]:
        geometry = zip(self.stride, self.padding, self.dilation, self.kernel_size, strict=True)
        image, wanted = input.shape[-self.dims :], tuple(output_size)[-self.dims :]
        return tuple(
            want - ((have - 1) * stride - 2 * padding + dilation * (taps - 1) + 1)
            for want, have, (stride, padding, dilation, taps) in zip(wanted, image, geometry, strict=True)
        )


class ConvTranspose1d(_ConvTranspose):
    """(N, C, L) or (C, L)."""

    dims = 1
    convolve = F.conv_transpose1d


class ConvTranspose2d(_ConvTranspose):
    """(N, C, H, W) or (C, H, W)."""

    dims = 2
    convolve = F.conv_transpose2d


class ConvTranspose3d(_ConvTranspose):
    """(N, C, D, H, W) or (C, D, H, W)."""

    dims = 3
    convolve = F.conv_transpose3d
