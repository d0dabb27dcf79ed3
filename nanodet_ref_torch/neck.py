"""GhostPAN: a path aggregation network of GhostNet blocks.

PAN: Liu et al., 2018, https://arxiv.org/abs/1803.01534. GhostNet: Han et al., 2020, https://arxiv.org/abs/1911.11907.
"""

import torch
from torch import Tensor, nn

from nanodet_common.config import NeckConfig
from nanodet_ref_torch.layers import ConvBlock, DepthwiseConvBlock, depthwise_conv, leaky_relu, pointwise_conv


class GhostModule(nn.Module):
    """Half of the output by a 1 x 1 convolution, the other half from it by a cheap depthwise one."""

    def __init__(self, in_channels: int, out_channels: int, *, activated: bool):
        super().__init__()
        half = out_channels // 2

        def activate() -> nn.Module:
            return leaky_relu() if activated else nn.Identity()

        self.primary_conv = nn.Sequential(pointwise_conv(in_channels, half), nn.BatchNorm2d(half), activate())
        self.cheap_operation = nn.Sequential(depthwise_conv(half, 3), nn.BatchNorm2d(half), activate())

    def forward(self, x: Tensor) -> Tensor:
        primary = self.primary_conv(x)
        return torch.cat([primary, self.cheap_operation(primary)], dim=1)


class GhostBottleneck(nn.Module):
    """Two ghost modules, the second without activation, plus a depthwise separable shortcut."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int):
        super().__init__()
        self.ghost1 = GhostModule(in_channels, out_channels, activated=True)
        self.ghost2 = GhostModule(out_channels, out_channels, activated=False)
        self.shortcut = nn.Sequential(
            depthwise_conv(in_channels, kernel_size),
            nn.BatchNorm2d(in_channels),
            pointwise_conv(in_channels, out_channels),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.ghost2(self.ghost1(x)) + self.shortcut(x)


class GhostBlocks(nn.Module):
    """The fusion block of GhostPAN: one bottleneck on two concatenated features."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int):
        super().__init__()
        self.blocks = nn.Sequential(GhostBottleneck(in_channels, out_channels, kernel_size))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x)


class GhostPAN(nn.Module):
    """Backbone features at strides 8, 16, 32 -> (N, out_channels, H, W) at strides 8, 16, 32, 64."""

    def __init__(self, config: NeckConfig):
        super().__init__()
        channels, kernel_size = config.out_channels, config.kernel_size
        steps = range(len(config.in_channels) - 1)

        def fusion() -> GhostBlocks:
            return GhostBlocks(2 * channels, channels, kernel_size)

        def downsample() -> DepthwiseConvBlock:
            return DepthwiseConvBlock(channels, channels, kernel_size, stride=2)

        self.upsample = nn.Upsample(scale_factor=2, mode="bilinear")
        self.reduce_layers = nn.ModuleList([ConvBlock(c, channels, 1) for c in config.in_channels])
        self.top_down_blocks = nn.ModuleList([fusion() for _ in steps])
        self.downsamples = nn.ModuleList([downsample() for _ in steps])
        self.bottom_up_blocks = nn.ModuleList([fusion() for _ in steps])
        self.extra_lvl_in_conv = nn.ModuleList([downsample() for _ in range(config.num_extra_level)])
        self.extra_lvl_out_conv = nn.ModuleList([downsample() for _ in range(config.num_extra_level)])

    def forward(self, features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        reduced = [reduce(x) for reduce, x in zip(self.reduce_layers, features, strict=True)]

        top_down = [reduced[-1]]
        for block, lateral in zip(self.top_down_blocks, reduced[-2::-1], strict=True):
            top_down.append(block(torch.cat([self.upsample(top_down[-1]), lateral], dim=1)))
        top_down.reverse()

        outputs = [top_down[0]]
        for downsample, block, lateral in zip(self.downsamples, self.bottom_up_blocks, top_down[1:], strict=True):
            outputs.append(block(torch.cat([downsample(outputs[-1]), lateral], dim=1)))

        for from_input, from_output in zip(self.extra_lvl_in_conv, self.extra_lvl_out_conv, strict=True):
            outputs.append(from_input(reduced[-1]) + from_output(outputs[-1]))
        return tuple(outputs)
