"""Pools."""

from collections.abc import Callable
from typing import ClassVar

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.parity.functional.pooling import OutputSize, Size
from jtmigrate.parity.nn.module import Module

Pool = Callable[..., jt.Var]


class _MaxPool(Module):
    """Pads with -inf, as PyTorch; stock `nn.Pool(op="max")` pads with 0 (D0 in the atlas of differences)."""

    pool: ClassVar[Pool]

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def execute(self, input: jt.Var) -> jt.Var | tuple[jt.Var, jt.Var]:
        return type(self).pool(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )


class MaxPool1d(_MaxPool):
    """(N, C, L) or (C, L)."""

    pool = F.max_pool1d


class MaxPool2d(_MaxPool):
    """(N, C, H, W) or (C, H, W)."""

    pool = F.max_pool2d


class MaxPool3d(_MaxPool):
    """(N, C, D, H, W) or (C, D, H, W)."""

    pool = F.max_pool3d


class AvgPool1d(Module):
    """(N, C, L) or (C, L)."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def execute(self, input: jt.Var) -> jt.Var:
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)


class _AvgPool(Module):
    pool: ClassVar[Pool]

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def execute(self, input: jt.Var) -> jt.Var:
        return type(self).pool(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool2d(_AvgPool):
    """(N, C, H, W) or (C, H, W)."""

    pool = F.avg_pool2d


class AvgPool3d(_AvgPool):
    """(N, C, D, H, W) or (C, D, H, W)."""

    pool = F.avg_pool3d


class _AdaptiveAvgPool(Module):
    pool: ClassVar[Pool]

    def __init__(self, output_size: OutputSize):
        super().__init__()
        self.output_size = output_size

    def execute(self, input: jt.Var) -> jt.Var:
        return type(self).pool(input, self.output_size)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """(N, C, L) or (C, L)."""

    pool = F.adaptive_avg_pool1d


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """(N, C, H, W) or (C, H, W)."""

    pool = F.adaptive_avg_pool2d


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """(N, C, D, H, W) or (C, D, H, W)."""

    pool = F.adaptive_avg_pool3d


class _AdaptiveMaxPool(Module):
    pool: ClassVar[Pool]

    def __init__(self, output_size: OutputSize, return_indices: bool = False):
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def execute(self, input: jt.Var) -> jt.Var | tuple[jt.Var, jt.Var]:
        return type(self).pool(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """(N, C, L) or (C, L)."""

    pool = F.adaptive_max_pool1d


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """(N, C, H, W) or (C, H, W)."""

    pool = F.adaptive_max_pool2d


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """(N, C, D, H, W) or (C, D, H, W)."""

    pool = F.adaptive_max_pool3d


class _LPPool(Module):
    pool: ClassVar[Pool]

    def __init__(self, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False):
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def execute(self, input: jt.Var) -> jt.Var:
        return type(self).pool(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool1d(_LPPool):
    """(N, C, L) or (C, L)."""

    pool = F.lp_pool1d


class LPPool2d(_LPPool):
    """(N, C, H, W) or (C, H, W)."""

    pool = F.lp_pool2d
