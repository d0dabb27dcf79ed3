"""Convolution blocks shared by neck and head: convolution, normalisation, activation."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def leaky_relu() -> nn.LeakyReLU:
    """NanoDet-Plus's activation: LeakyReLU of slope 0.1."""
    return nn.LeakyReLU(0.1, inplace=True)


def depthwise_conv(channels: int, kernel_size: int, stride: int = 1) -> nn.Conv2d:
    """One filter a channel, "same" padding, no bias (a normalisation follows)."""
    return nn.Conv2d(channels, channels, kernel_size, stride, kernel_size // 2, groups=channels, bias=False)


def group_norm(channels: int) -> nn.GroupNorm:
    """GroupNorm of 32 groups."""
    return nn.GroupNorm(32, channels)


def pointwise_conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    """1 x 1 convolution without bias (a normalisation follows)."""
    return nn.Conv2d(in_channels, out_channels, 1, bias=False)


class ConvBlock(nn.Module):
    """Convolution, BatchNorm, LeakyReLU; "same" padding. (N, in, H, W) -> (N, out, H, W)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        self.act = leaky_relu()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class GroupNormConvBlock(nn.Module):
    """Convolution, GroupNorm of 32 groups, LeakyReLU; "same" padding. (N, in, H, W) -> (N, out, H, W)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False)
        self.gn = group_norm(out_channels)
        self.act = leaky_relu()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.gn(self.conv(x)))


class DepthwiseConvBlock(nn.Module):
    """Depthwise separable convolution, each half with normalisation and LeakyReLU (one `act` serves both)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    ):
        super().__init__()
        self.depthwise = depthwise_conv(in_channels, kernel_size, stride)
        self.pointwise = pointwise_conv(in_channels, out_channels)
        self.dwnorm = norm(in_channels)
        self.pwnorm = norm(out_channels)
        self.act = leaky_relu()

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.dwnorm(self.depthwise(x)))
        return self.act(self.pwnorm(self.pointwise(x)))


class Scale(nn.Module):
    """A learnable scalar factor."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale
