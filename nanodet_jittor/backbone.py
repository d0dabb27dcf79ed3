"""ShuffleNetV2 (Ma et al., 2018, https://arxiv.org/abs/1807.11164), the backbone of NanoDet-Plus."""

import jittor as jt

from jtmigrate.parity import nn, ops
from nanodet_common.config import BackboneConfig
from nanodet_common.schema import STAGE_REPEATS
from nanodet_jittor.layers import depthwise_conv, leaky_relu, pointwise_conv


def channel_shuffle(x: jt.Var, groups: int) -> jt.Var:
    """Interleave the channels of `groups` groups, so that the next block's halves see both branches."""
    n, c, h, w = x.shape
    return x.reshape(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


class ShuffleV2Block(nn.Module):
    """Stride 1: half of the channels pass untouched. Stride 2: both branches halve the resolution."""

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.stride = stride
        half = out_channels // 2
        if stride == 2:
            self.branch1 = nn.Sequential(
                depthwise_conv(in_channels, 3, stride),
                nn.BatchNorm2d(in_channels),
                pointwise_conv(in_channels, half),
                nn.BatchNorm2d(half),
                leaky_relu(),
            )
        self.branch2 = nn.Sequential(
            pointwise_conv(in_channels if stride == 2 else half, half),
            nn.BatchNorm2d(half),
            leaky_relu(),
            depthwise_conv(half, 3, stride),
            nn.BatchNorm2d(half),
            pointwise_conv(half, half),
            nn.BatchNorm2d(half),
            leaky_relu(),
        )

    def execute(self, x: jt.Var) -> jt.Var:
        if self.stride == 2:
            out = ops.cat([self.branch1(x), self.branch2(x)], dim=1)
        else:
            untouched, x = ops.chunk(x, 2, dim=1)
            out = ops.cat([untouched, self.branch2(x)], dim=1)
        return channel_shuffle(out, 2)


class ShuffleNetV2(nn.Module):
    """Images (N, 3, H, W) -> features of `config.out_stages` at strides 8, 16, 32, finest first."""

    def __init__(self, config: BackboneConfig):
        super().__init__()
        self.out_stages = config.out_stages
        channels = config.stem_channels
        self.conv1 = nn.Sequential(
            nn.Conv2d(3, channels, 3, 2, 1, bias=False),
            nn.BatchNorm2d(channels),
            leaky_relu(),
        )
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        stages = []
        for repeats, out_channels in zip(STAGE_REPEATS, config.stage_channels, strict=True):
            blocks = [ShuffleV2Block(channels, out_channels, stride=2)]
            blocks += [ShuffleV2Block(out_channels, out_channels, stride=1) for _ in range(repeats - 1)]
            stages.append(nn.Sequential(*blocks))
            channels = out_channels
        self.stage2, self.stage3, self.stage4 = stages

    def execute(self, images: jt.Var) -> tuple[jt.Var, ...]:
        x = self.maxpool(self.conv1(images))
        features = {}
        for number, stage in ((2, self.stage2), (3, self.stage3), (4, self.stage4)):
            x = stage(x)
            features[number] = x
        return tuple(features[number] for number in self.out_stages)
