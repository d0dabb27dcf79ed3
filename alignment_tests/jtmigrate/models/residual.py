"""A small residual network: a strided block with a shortcut of its own, and one that activates before it convolves."""

import jittor as jt
from torch import nn as tnn

from jtmigrate.parity import nn as pnn


class TorchBasicBlock(tnn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = tnn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.bn1 = tnn.BatchNorm2d(outputs)
        self.act = tnn.ReLU(inplace=True)
        self.conv2 = tnn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = tnn.BatchNorm2d(outputs)
        self.downsample = tnn.Conv2d(inputs, outputs, 1, stride=2)

    def forward(self, x):
        y = self.act(self.bn1(self.conv1(x)))
        return self.bn2(self.conv2(y)) + self.downsample(x)


class JittorBasicBlock(jt.Module):
    def __init__(self, inputs, outputs):
        self.conv1 = pnn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.bn1 = pnn.BatchNorm2d(outputs)
        self.act = jt.nn.ReLU()
        self.conv2 = pnn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = pnn.BatchNorm2d(outputs)
        self.downsample = pnn.Conv2d(inputs, outputs, 1, stride=2)

    def execute(self, x):
        y = self.act(self.bn1(self.conv1(x)))
        return self.bn2(self.conv2(y)) + self.downsample(x)


class TorchPreactivated(tnn.Module):
    """The activation works in place, so what is added is the activated input too."""

    def __init__(self, channels):
        super().__init__()
        self.act = tnn.ReLU(inplace=True)
        self.conv = tnn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return self.conv(self.act(x)) + x


class JittorPreactivated(jt.Module):
    """Jittor's activations never work in place: what PyTorch does silently has to be written down."""

    def __init__(self, channels):
        self.act = jt.nn.ReLU()
        self.conv = pnn.Conv2d(channels, channels, 3, padding=1)

    def execute(self, x):
        x = self.act(x)
        return self.conv(x) + x


class TorchResNet(tnn.Module):
    def __init__(self):
        super().__init__()
        self.stem = tnn.Sequential(tnn.Conv2d(3, 8, 3, padding=1, bias=False), tnn.BatchNorm2d(8))
        self.pool = tnn.MaxPool2d(3, stride=2, padding=1)
        self.blocks = tnn.Sequential(TorchBasicBlock(8, 12), TorchPreactivated(12))
        self.average = tnn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
        self.classify = tnn.Linear(12, 5)

    def forward(self, images):
        x = self.average(self.blocks(self.pool(self.stem(images))))
        return self.classify(x.mean(dim=(2, 3)))


class JittorAverage(jt.Module):
    """AvgPool2d(3, 2, 1, count_include_pad=False).

    Stock Jittor's counts the padding whatever it is told, and takes 1 / 9 as a float32 number in float64 too.
    """

    def execute(self, x):
        return self._total(x) / self._total(jt.ones_like(x))

    def _total(self, x):
        x = jt.nn.pad(x, [1, 1, 1, 1])
        height, width = x.shape[2] - 2, x.shape[3] - 2
        windows = [x[:, :, i : i + height : 2, j : j + width : 2] for i in range(3) for j in range(3)]
        return sum(windows[1:], windows[0])


class JittorResNet(jt.Module):
    def __init__(self):
        self.stem = jt.nn.Sequential(pnn.Conv2d(3, 8, 3, padding=1, bias=False), pnn.BatchNorm2d(8))
        self.pool = pnn.MaxPool2d(3, stride=2, padding=1)
        self.blocks = jt.nn.Sequential(JittorBasicBlock(8, 12), JittorPreactivated(12))
        self.average = JittorAverage()
        self.classify = jt.nn.Linear(12, 5)

    def execute(self, images):
        x = self.average(self.blocks(self.pool(self.stem(images))))
        return self.classify(x.mean(dims=(2, 3)))
