"""A U-Net of two levels: features kept on the way down are joined on the way up."""

import jittor as jt
import torch
from torch import nn as tnn

from jtmigrate.parity import nn as pnn


class TorchDouble(tnn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = tnn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = tnn.GroupNorm(2, outputs)
        self.conv2 = tnn.Conv2d(outputs, outputs, 3, padding=1)
        self.act = tnn.LeakyReLU(0.2, inplace=True)

    def forward(self, x):
        return self.act(self.conv2(self.act(self.norm(self.conv1(x)))))


class JittorDouble(jt.Module):
    def __init__(self, inputs, outputs):
        self.conv1 = pnn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = pnn.GroupNorm(2, outputs)
        self.conv2 = pnn.Conv2d(outputs, outputs, 3, padding=1)
        self.act = pnn.LeakyReLU(0.2)

    def execute(self, x):
        return self.act(self.conv2(self.act(self.norm(self.conv1(x)))))


class TorchUNet(tnn.Module):
    def __init__(self):
        super().__init__()
        self.enter = TorchDouble(3, 6)
        self.down = tnn.MaxPool2d(2)
        self.middle = TorchDouble(6, 12)
        self.bottom = TorchDouble(12, 12)
        self.up = tnn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.enlarge = tnn.ConvTranspose2d(12, 6, 2, stride=2)
        self.join_middle = TorchDouble(24, 12)
        self.join_top = TorchDouble(12, 6)
        self.mask = tnn.Conv2d(6, 2, 1)

    def forward(self, images):
        top = self.enter(images)
        middle = self.middle(self.down(top))
        x = self.bottom(self.down(middle))
        x = self.join_middle(torch.cat([middle, self.up(x)], dim=1))
        x = self.join_top(torch.cat([top, self.enlarge(x)], dim=1))
        return self.mask(x)


class JittorUNet(jt.Module):
    def __init__(self):
        self.enter = JittorDouble(3, 6)
        self.down = pnn.MaxPool2d(2)
        self.middle = JittorDouble(6, 12)
        self.bottom = JittorDouble(12, 12)
        self.up = pnn.Upsample(scale_factor=2, mode="bilinear")
        self.enlarge = jt.nn.ConvTranspose2d(12, 6, 2, stride=2)
        self.join_middle = JittorDouble(24, 12)
        self.join_top = JittorDouble(12, 6)
        self.mask = pnn.Conv2d(6, 2, 1)

    def execute(self, images):
        top = self.enter(images)
        middle = self.middle(self.down(top))
        x = self.bottom(self.down(middle))
        x = self.join_middle(jt.concat([middle, self.up(x)], dim=1))
        x = self.join_top(jt.concat([top, self.enlarge(x)], dim=1))
        return self.mask(x)
