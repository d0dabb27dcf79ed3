"""Resizing, and what moves elements between channels and pixels."""

from collections.abc import Sequence

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.parity.functional.shape import Size
from jtmigrate.parity.nn.module import Module


class Upsample(Module):
    """(N, C, ...) to another size, or by factors."""

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ):
        super().__init__()
        self.size = size
        self.scale_factor = scale_factor
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def execute(self, input: jt.Var) -> jt.Var:
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )


class UpsamplingNearest2d(Upsample):
    """Upsample(mode="nearest")."""

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None):
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Upsample(mode="bilinear", align_corners=True)."""

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None):
        super().__init__(size, scale_factor, "bilinear", True)


class PixelShuffle(Module):
    """(..., C * r * r, H, W) -> (..., C, H * r, W * r)."""

    def __init__(self, upscale_factor: int):
        super().__init__()
        self.upscale_factor = upscale_factor

    def execute(self, input: jt.Var) -> jt.Var:
        return F.pixel_shuffle(input, self.upscale_factor)


class PixelUnshuffle(Module):
    """(..., C, H * r, W * r) -> (..., C * r * r, H, W)."""

    def __init__(self, downscale_factor: int):
        super().__init__()
        self.downscale_factor = downscale_factor

    def execute(self, input: jt.Var) -> jt.Var:
        return F.pixel_unshuffle(input, self.downscale_factor)


class ChannelShuffle(Module):
    """The channels of all groups in turn."""

    def __init__(self, groups: int):
        super().__init__()
        self.groups = groups

    def execute(self, input: jt.Var) -> jt.Var:
        return F.channel_shuffle(input, self.groups)


class Unfold(Module):
    """(N, C, H, W) -> (N, C * KH * KW, windows)."""

    def __init__(self, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1):
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def execute(self, input: jt.Var) -> jt.Var:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(Module):
    """(N, C * KH * KW, windows) -> (N, C, H, W): adds up what lies on the same pixel."""

    def __init__(self, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1):
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def execute(self, input: jt.Var) -> jt.Var:
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)
